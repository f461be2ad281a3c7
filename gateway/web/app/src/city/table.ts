// All channels that are granted, as columns: tens of thousands of objects would be slow to make and to keep.

export interface TableAnswer {
  rows: [string, string, number, number, number, number, number | null, number | null, 0 | 1][];
  sites: string[];
  scenarios: string[];
}

export const online = 0;
export const offline = 2;
export const unknown = 3;
export const stateNames = ["online", "degraded", "offline", "unknown", "disabled"] as const;

export class Table {
  readonly ids: string[];
  readonly names: string[];
  readonly classes: Uint8Array;
  readonly sites: Uint16Array;
  readonly scenarios: Uint8Array;
  readonly states: Uint8Array;
  readonly lons: Float64Array; // degrees, WGS-84; NaN where it isn't known
  readonly lats: Float64Array;
  readonly subs: Uint8Array;
  readonly moved: Float64Array; // when it moved last, ms since 1970
  readonly moving = new Set<number>();
  readonly index = new Map<string, number>();
  readonly siteNames: string[];
  readonly scenarioNames: string[];

  constructor(a: TableAnswer = { rows: [], sites: [], scenarios: [] }) {
    const n = a.rows.length;
    this.ids = new Array(n);
    this.names = new Array(n);
    this.classes = new Uint8Array(n);
    this.sites = new Uint16Array(n);
    this.scenarios = new Uint8Array(n);
    this.states = new Uint8Array(n);
    this.lons = new Float64Array(n);
    this.lats = new Float64Array(n);
    this.subs = new Uint8Array(n);
    this.moved = new Float64Array(n);
    this.siteNames = a.sites;
    this.scenarioNames = a.scenarios;
    for (let i = 0; i < n; i++) {
      const r = a.rows[i];
      this.ids[i] = r[0];
      this.names[i] = r[1];
      this.classes[i] = r[2];
      this.sites[i] = r[3];
      this.scenarios[i] = r[4];
      this.states[i] = r[5];
      this.lons[i] = r[6] ?? NaN;
      this.lats[i] = r[7] ?? NaN;
      this.subs[i] = r[8];
      this.index.set(r[0], i);
    }
  }

  get size() {
    return this.ids.length;
  }

  site(i: number) {
    return this.siteNames[this.sites[i]];
  }

  scenario(i: number) {
    return this.scenarioNames[this.scenarios[i]];
  }

  hasPosition(i: number) {
    return !Number.isNaN(this.lons[i]);
  }

  /** How many there are of each state. */
  counts(of?: Iterable<number>): number[] {
    const n = [0, 0, 0, 0, 0];
    if (of) for (const i of of) n[this.states[i]]++;
    else for (let i = 0; i < this.states.length; i++) n[this.states[i]]++;
    return n;
  }
}
