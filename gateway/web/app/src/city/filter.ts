// Which cameras are meant, and the same as part of the page's address.
import { initials } from "./initials";
import { stateNames, type Table } from "./table";

export interface Filter {
  q: string;
  classes: number[];
  scenarios: string[];
  states: number[];
  site: string; // and all that lies in it
}

export const anything = (): Filter => ({ q: "", classes: [], scenarios: [], states: [], site: "" });

export function isAnything(f: Filter): boolean {
  return !f.q.trim() && !f.site && f.classes.length + f.scenarios.length + f.states.length === 0;
}

const list = (s: string | null) => (s ? s.split(",") : []);

export function readFilter(p: URLSearchParams): Filter {
  return {
    q: p.get("q") ?? "",
    classes: list(p.get("class"))
      .map(Number)
      .filter((n) => [1, 2, 3, 9].includes(n)),
    scenarios: list(p.get("scenario")),
    states: list(p.get("state"))
      .map((s) => stateNames.indexOf(s as (typeof stateNames)[number]))
      .filter((n) => n >= 0),
    site: p.get("site") ?? "",
  };
}

/** Writes the filter as the API's own parameters. */
export function writeFilter(f: Filter, p = new URLSearchParams()): URLSearchParams {
  const set = (name: string, value: string) => (value ? p.set(name, value) : p.delete(name));
  set("q", f.q.trim());
  set("class", f.classes.join(","));
  set("scenario", f.scenarios.join(","));
  set("state", f.states.map((s) => stateNames[s]).join(","));
  set("site", f.site);
  return p;
}

// What is searched of each channel of a table; made when it is needed first.
const texts = new WeakMap<Table, string[]>();

export function searchTexts(t: Table): string[] {
  let all = texts.get(t);
  if (!all) {
    all = new Array(t.size);
    for (let i = 0; i < t.size; i++) {
      all[i] = `${t.names[i].toLowerCase()}\n${t.ids[i].toLowerCase()}\n${t.site(i)}\n${initials(t.names[i])}`;
    }
    texts.set(t, all);
  }
  return all;
}

/** The places in the table of the channels that are meant, in its order. */
export function matching(t: Table, f: Filter): Uint32Array {
  const words = f.q.toLowerCase().split(/\s+/).filter(Boolean);
  const text = words.length ? searchTexts(t) : [];
  const has = <T>(all: T[]) => (all.length ? new Set(all) : null);
  const classes = has(f.classes);
  const states = has(f.states);
  const scenarios = has(f.scenarios);
  const scenario = t.scenarioNames.map((s) => !scenarios || scenarios.has(s));
  const site = t.siteNames.map((s) => !f.site || s === f.site || s.startsWith(f.site + "/"));
  const found = new Uint32Array(t.size);
  let n = 0;
  for (let i = 0; i < t.size; i++) {
    if (!site[t.sites[i]] || !scenario[t.scenarios[i]]) continue;
    if ((classes && !classes.has(t.classes[i])) || (states && !states.has(t.states[i]))) continue;
    if (words.length && !words.every((w) => text[i].includes(w))) continue;
    found[n++] = i;
  }
  return found.subarray(0, n);
}
