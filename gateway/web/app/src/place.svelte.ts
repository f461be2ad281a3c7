// Where in the page one is, as its address says: #/view?parameters. It can be shared, and gone back from.
import { readFilter, writeFilter, type Filter } from "./city/filter";

export const views = ["map", "wall", "alerts", "numbers", "admin"] as const;
export type View = (typeof views)[number];

function read(): { view: View; query: URLSearchParams } {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const view = views.find((v) => v === path) ?? "map";
  return { view, query: new URLSearchParams(query ?? "") };
}

class Place {
  #now = $state.raw(read());
  view = $derived(this.#now.view);
  channel = $derived(this.#now.query.get("c") ?? "");
  tab = $derived(this.#now.query.get("tab") ?? "");
  wall = $derived(this.#now.query.get("wall") ?? "");
  filter = $derived(readFilter(this.#now.query));

  constructor() {
    addEventListener("hashchange", () => (this.#now = read()));
  }

  #write(view: View, query: URLSearchParams, replace: boolean) {
    const text = query.toString();
    history[replace ? "replaceState" : "pushState"](null, "", `#/${view}${text ? "?" + text : ""}`);
    this.#now = read();
  }

  /** Goes to a view. Parameters that aren't named stay; an empty one goes. */
  go(view: View, change: Record<string, string> = {}) {
    // A copy, which nobody watches.
    // eslint-disable-next-line svelte/prefer-svelte-reactivity
    const query = new URLSearchParams(this.#now.query);
    for (const [name, value] of Object.entries(change)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    this.#write(view, query, false);
  }

  choose(id: string) {
    this.go(this.view, { c: id });
  }

  find(f: Filter) {
    this.#write(this.view, writeFilter(f, new URLSearchParams(this.#now.query)), true);
  }
}

export const place = new Place();
