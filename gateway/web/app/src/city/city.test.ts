import { describe, expect, test } from "vitest";
import { anything, matching, readFilter, writeFilter } from "./filter";
import { initials } from "./initials";
import { Table } from "./table";

const table = new Table({
  site_names: ["xiamen/siming/zhonghua", "xiamen/huli", "xiamen/siming2"],
  scenario_names: ["campus", "kitchen"],
  ids: ["gate-1", "gate-2", "stove"],
  names: ["思明区 南门", "湖里区 North Gate", "后厨"],
  classes: [1, 2, 3],
  sites: [0, 1, 2],
  scenarios: [0, 0, 1],
  states: [0, 2, 1],
  lons: [118.1, null, 118.2],
  lats: [24.5, null, 24.4],
  subs: [1, 0, 0],
});
const ids = (f: Partial<ReturnType<typeof anything>>) =>
  [...matching(table, { ...anything(), ...f })].map((i) => table.ids[i]);

test("initials of pinyin", () => {
  expect(initials("厦门市思明区")).toBe("smssmq");
  expect(initials("中华街道 01")).toBe("zhjd 01");
  expect(initials("North Gate")).toBe("north gate");
  expect(initials("阿重庆西安座")).toHaveLength(6);
});

describe("what is meant", () => {
  test("anything", () => expect(ids({})).toEqual(["gate-1", "gate-2", "stove"]));
  test("text in the name", () => expect(ids({ q: "南门" })).toEqual(["gate-1"]));
  test("several words, in any case", () => expect(ids({ q: "GATE north" })).toEqual(["gate-2"]));
  test("initials", () => expect(ids({ q: "hc" })).toEqual(["stove"]));
  test("id", () => expect(ids({ q: "gate-" })).toEqual(["gate-1", "gate-2"]));
  test("a site and what lies in it, and no other that begins so", () =>
    expect(ids({ site: "xiamen/siming" })).toEqual(["gate-1"]));
  test("class, state, scenario", () => {
    expect(ids({ classes: [1, 2] })).toEqual(["gate-1", "gate-2"]);
    expect(ids({ states: [2] })).toEqual(["gate-2"]);
    expect(ids({ scenarios: ["kitchen"], states: [1] })).toEqual(["stove"]);
    expect(ids({ scenarios: ["nothing"] })).toEqual([]);
  });
});

test("a filter goes into an address and back", () => {
  const f = { q: "南门 a&b", classes: [1, 9], scenarios: ["campus"], states: [0, 2], site: "xiamen/huli" };
  expect(readFilter(new URLSearchParams(writeFilter(f).toString()))).toEqual(f);
  expect(writeFilter(anything()).toString()).toBe("");
  expect(readFilter(new URLSearchParams("class=7,x&state=gone")).classes).toEqual([]);
});

test("what isn't known has no position", () => {
  expect(table.hasPosition(0)).toBe(true);
  expect(table.hasPosition(1)).toBe(false);
  expect(table.counts()).toEqual([1, 1, 1, 0, 0]);
});
