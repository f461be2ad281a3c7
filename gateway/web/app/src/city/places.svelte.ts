// The sites' names and positions.
import { api, take } from "../api/client";

export interface Place {
  path: string;
  name: string;
  lon?: number;
  lat?: number;
  total: number;
}

class Places {
  all = $state.raw<Place[]>([]);
  #names = $derived(new Map(this.all.map((p) => [p.path, p.name])));

  async load() {
    const answer = await take(api.GET("/api/v1/sites", { params: { query: {} } }));
    this.all = (answer.items ?? []) as Place[];
  }

  /** The names along a path, from the second token on: the city is known. */
  name(path: string): string {
    const tokens = path.split("/");
    const names = tokens.map((_, i) => this.#names.get(tokens.slice(0, i + 1).join("/")) ?? tokens[i]);
    return (names.length > 1 ? names.slice(1) : names).join(" ");
  }
}

export const places = new Places();
