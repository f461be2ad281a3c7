// Walls: which cameras are shown together. The gateway keeps them, by name, for whoever is signed in.
import { api, send, sentence, take } from "../api/client";

export const sizes = [1, 4, 9, 16, 25];

export interface Wall {
  tiles: number;
  cameras: string[]; // by place; "" where there is none
  every: number; // s between two steps of the tour
}

const former = "sharpeyes.walls"; // where earlier pages kept them in the browser
const fresh = (): Wall => ({ tiles: 4, cameras: [], every: 20 });
const at = (name: string) => `/walls/${encodeURIComponent(name)}`;

class Walls {
  saved = $state<Record<string, Wall>>({});
  problem = $state("");
  loaded = $state(false);
  name = $state("");
  now = $state<Wall>(fresh());
  first = $state(0); // the camera in the first tile: a tour moves it on
  touring = $state(false);
  pages = $derived(Math.max(Math.ceil(this.now.cameras.length / this.now.tiles), 1));

  /** The cameras in sight, by tile. */
  shown = $derived(Array.from({ length: this.now.tiles }, (_, i) => this.now.cameras[this.first + i] ?? ""));

  open(name: string) {
    this.name = name;
    this.now = structuredClone($state.snapshot(this.saved[name])) ?? fresh();
    this.first = 0;
  }

  /** Asks the gateway for what it keeps, and gives it what this browser kept before. */
  async load() {
    try {
      const kept: Record<string, Wall> = {};
      for (const { name, ...wall } of (await take(api.GET("/api/v1/walls"))).items ?? [])
        kept[name] = { ...wall, cameras: wall.cameras ?? [] };
      this.saved = kept;
      this.problem = "";
      await this.moveIn();
    } catch (e) {
      this.problem = sentence(e);
    } finally {
      this.loaded = true;
    }
  }

  private async moveIn() {
    const text = localStorage.getItem(former);
    if (!text) return;
    for (const [name, wall] of Object.entries(JSON.parse(text) as Record<string, Wall>))
      if (!this.saved[name]) await this.keep(name, wall);
    localStorage.removeItem(former);
  }

  private async keep(name: string, wall: Wall) {
    await send("PUT", at(name), JSON.stringify(wall));
    this.saved[name] = wall;
  }

  save(name: string) {
    return this.keep(name, structuredClone($state.snapshot(this.now))).then(
      () => {
        this.name = name;
        this.problem = "";
      },
      (e) => {
        this.problem = sentence(e);
      },
    );
  }

  delete(name: string) {
    return send("DELETE", at(name)).then(
      () => {
        delete this.saved[name];
        this.problem = "";
      },
      (e) => {
        this.problem = sentence(e);
      },
    );
  }

  resize(tiles: number) {
    this.now.tiles = tiles;
    this.first = Math.floor(this.first / tiles) * tiles;
  }

  put(tile: number, id: string) {
    const at = this.first + tile;
    while (this.now.cameras.length < at) this.now.cameras.push("");
    this.now.cameras[at] = id;
    while (this.now.cameras.length && !this.now.cameras[this.now.cameras.length - 1]) this.now.cameras.pop();
  }

  swap(a: number, b: number) {
    const [x, y] = [this.shown[a], this.shown[b]];
    this.put(a, y);
    this.put(b, x);
  }

  /** Puts a camera into the first tile that has none, or behind the last one. */
  add(id: string) {
    if (this.now.cameras.includes(id)) return;
    const free = this.now.cameras.indexOf("");
    if (free >= 0) this.now.cameras[free] = id;
    else this.now.cameras.push(id);
  }

  /** Goes on with the tour, and has the gateway open what comes next. */
  step() {
    const next = (this.first + this.now.tiles) % (this.pages * this.now.tiles);
    this.first = next;
    this.prewarm((next + this.now.tiles) % (this.pages * this.now.tiles));
  }

  prewarm(from: number) {
    const ids = this.now.cameras.slice(from, from + this.now.tiles).filter(Boolean);
    if (ids.length)
      send("POST", "/streams:prewarm", JSON.stringify({ ids, profile: "sub", for: `${this.now.every + 5}s` })).catch(
        () => {},
      );
  }
}

export const walls = new Walls();
