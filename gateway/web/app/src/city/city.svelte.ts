// The city as it is now: every granted channel, kept up to date by events.
import { checkSignedIn, prefix, type CityEvent } from "../api/client";
import { listen } from "./listen";
import { stateNames, Table, type TableAnswer } from "./table";

const beat = 250; // ms between two looks of the page at what changed
const reread = 60_000; // ms; what is folded into an outage is in no event
const afterOutage = [2000, 8000, 20_000];

export type Connection = "loading" | "live" | "lost";

class City {
  /** Changes when anything of the table did, a few times a second at most. */
  version = $state(0);
  /** Changes when there is another table. */
  generation = $state(0);
  connection = $state<Connection>("loading");
  counts = $state([0, 0, 0, 0, 0]);

  table = new Table();
  /** What changed since whoever draws took it last. */
  changed = new Set<number>();

  #early: CityEvent[] | null = []; // heard before the table was there
  #loading = false;
  #again = false;
  #dirty = false;
  #tag = "";
  #first: Promise<Response> | null = null;
  #listeners = new Set<(e: CityEvent) => void>();

  /** Asks for the table before it is known whether anybody is signed in. */
  begin() {
    this.#first = fetch(`${prefix}/channels:table`);
    this.#first.catch(() => {}); // load says so
  }

  /** Keeps the city up to date until the function that it returns is called. */
  live(): () => void {
    const stop = listen(["health", "motion", "site", "alert", "gateway"], {
      opened: () => void this.load(),
      heard: (e) => this.#hear(e),
      missed: () => void this.load(),
      lost: () => {
        this.connection = "lost";
        void checkSignedIn();
      },
    });
    const beats = setInterval(() => this.#show(), beat);
    const rereads = setInterval(() => void this.load(), reread);
    return () => {
      stop();
      clearInterval(beats);
      clearInterval(rereads);
    };
  }

  /** Calls f with each event, also those that don't change the table. */
  onEvent(f: (e: CityEvent) => void): () => void {
    this.#listeners.add(f);
    return () => this.#listeners.delete(f);
  }

  async load() {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    this.#early ??= [];
    try {
      const early = this.#first !== null;
      const answer = await (this.#first ??
        fetch(`${prefix}/channels:table`, { headers: this.#tag ? { "If-None-Match": this.#tag } : {} }));
      this.#first = null;
      this.#again ||= early; // what changed before it was listened to
      if (answer.ok) {
        const rows = (await answer.json()) as TableAnswer;
        performance.mark("city-loaded");
        this.#take(new Table(rows));
        this.#tag = answer.headers.get("ETag") ?? "";
      }
      if (answer.ok || answer.status === 304) this.connection = "live";
    } catch {
      this.connection = "lost";
    }
    this.#loading = false;
    const early = this.#early;
    this.#early = null;
    for (const e of early ?? []) this.#apply(e);
    if (this.#again) {
      this.#again = false;
      await this.load();
    }
  }

  // take keeps what is drawn where only states differ.
  #take(t: Table) {
    const old = this.table;
    const same =
      old.size === t.size &&
      old.ids.every(
        (id, i) =>
          id === t.ids[i] &&
          old.lons[i] === t.lons[i] &&
          old.lats[i] === t.lats[i] &&
          old.classes[i] === t.classes[i] &&
          old.names[i] === t.names[i],
      ) &&
      old.siteNames.join() === t.siteNames.join();
    if (same) {
      t.states.forEach((s, i) => this.#set(i, s));
    } else {
      for (const [id, i] of t.index) {
        const was = old.index.get(id);
        if (was !== undefined) t.moved[i] = old.moved[was];
      }
      this.table = t;
      this.changed.clear();
      this.generation++;
    }
    this.#dirty = true;
    this.#show();
  }

  #hear(e: CityEvent) {
    if (this.#early) this.#early.push(e);
    else this.#apply(e);
    for (const f of this.#listeners) f(e);
  }

  #apply(e: CityEvent) {
    switch (e.type) {
      case "sharpeyes.health.changed": {
        const i = this.table.index.get(e.subject);
        const s = stateNames.indexOf(e.data.state);
        if (i === undefined)
          void this.load(); // it is new
        else if (s >= 0) this.#set(i, s);
        break;
      }
      case "sharpeyes.motion.started":
      case "sharpeyes.motion.ended": {
        const i = this.table.index.get(e.subject);
        if (i === undefined) break;
        this.table.moved[i] = Date.parse(e.time);
        if (e.type === "sharpeyes.motion.started") this.table.moving.add(i);
        else this.table.moving.delete(i);
        this.#dirty = true;
        break;
      }
      case "sharpeyes.site.outage":
      case "sharpeyes.site.restored":
        for (const ms of afterOutage) setTimeout(() => void this.load(), ms);
    }
  }

  #set(i: number, state: number) {
    if (this.table.states[i] === state) return;
    this.table.states[i] = state;
    this.changed.add(i);
    this.#dirty = true;
  }

  #show() {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.counts = this.table.counts();
    this.version++;
  }
}

export const city = new City();
