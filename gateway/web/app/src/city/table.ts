// All channels that are granted, as columns: tens of thousands of objects would be slow to make and to keep.

export interface TableAnswer {
  ids: string[];
  names: string[];
  classes: number[];
  sites: number[]; // places in site_names
  scenarios: number[];
  states: number[];
  lons: (number | null)[];
  lats: (number | null)[];
  subs: number[];
  site_names: string[];
  scenario_names: string[];
}

const none: TableAnswer = {
  ids: [],
  names: [],
  classes: [],
  sites: [],
  scenarios: [],
  states: [],
  lons: [],
  lats: [],
  subs: [],
  site_names: [],
  scenario_names: [],
};

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

  constructor(a: TableAnswer = none) {
    const n = a.ids.length;
    const degrees = (all: (number | null)[]) => Float64Array.from(all, (x) => x ?? NaN);
    this.ids = a.ids;
    this.names = a.names;
    this.classes = Uint8Array.from(a.classes);
    this.sites = Uint16Array.from(a.sites);
    this.scenarios = Uint8Array.from(a.scenarios);
    this.states = Uint8Array.from(a.states);
    this.lons = degrees(a.lons);
    this.lats = degrees(a.lats);
    this.subs = Uint8Array.from(a.subs);
    this.moved = new Float64Array(n);
    this.siteNames = a.site_names;
    this.scenarioNames = a.scenario_names;
    for (let i = 0; i < n; i++) this.index.set(a.ids[i], i);
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
