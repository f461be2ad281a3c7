import { expect, test } from "vitest";
import { clusters, degrees, mercator, short, worst } from "./clusters";
import { toGCJ02 } from "./gcj02";
import { hull, type Point } from "./hull";

test("GCJ-02 lies some hundred metres off in China, and nowhere else", () => {
  // Pairs that were published with implementations of the algorithm.
  for (const [wgs, gcj] of [
    [
      [121.5272106, 31.1774276],
      [121.531541859215, 31.17530398364597],
    ],
    [
      [113.912316, 22.543847],
      [113.9171764808363, 22.540796131694766],
    ],
    [
      [116.377817, 39.911954],
      [116.38404722455657, 39.91334545536069],
    ],
  ]) {
    const [lon, lat] = toGCJ02(wgs[0], wgs[1]);
    expect(lon).toBeCloseTo(gcj[0], 6);
    expect(lat).toBeCloseTo(gcj[1], 6);
  }
  expect(toGCJ02(2.35, 48.85)).toEqual([2.35, 48.85]);
});

test("a hull holds all points and is closed", () => {
  const square: Point[] = [
    [0, 0],
    [2, 0],
    [1, 1],
    [2, 2],
    [0, 2],
  ];
  const ring = hull(square);
  expect(ring).toHaveLength(5);
  expect(ring[0]).toEqual(ring[4]);
  expect(ring).not.toContainEqual([1, 1]);
  expect(
    hull([
      [0, 0],
      [1, 1],
    ]),
  ).toEqual([]);
  expect(
    hull([
      [0, 0],
      [1, 1],
      [2, 2],
    ]),
  ).toEqual([]);
});

test("cameras that lie near one another are one, and are told apart from near", () => {
  const at = [
    [118.1, 24.5],
    [118.1001, 24.5001],
    [118.5, 24.9],
    [NaN, NaN],
  ];
  const xs = new Float64Array(4);
  const ys = new Float64Array(4);
  at.forEach(([lon, lat], i) => ([xs[i], ys[i]] = mercator(lon, lat)));
  const states = new Uint8Array([0, 2, 0, 0]);
  const all = new Uint32Array([0, 1, 2, 3]);
  const everywhere = { west: 0, east: 1, north: 0, south: 1 };
  const far = clusters(xs, ys, states, all, everywhere, 11);
  expect(far.map((c) => [c.count, c.offline])).toEqual([
    [2, 1],
    [1, 0],
  ]);
  expect(worst(far[0])).toBe(3);
  expect(worst(far[1])).toBe(0);
  const [lon, lat] = degrees(far[0].x, far[0].y);
  expect(lon).toBeCloseTo(118.10005, 6);
  expect(lat).toBeCloseTo(24.50005, 6);
  expect(clusters(xs, ys, states, all, everywhere, 17)).toHaveLength(3);
  expect(clusters(xs, ys, states, new Uint32Array([2]), everywhere, 5)).toHaveLength(1);
  const [west] = mercator(118.3, 0);
  expect(clusters(xs, ys, states, all, { ...everywhere, west }, 5)).toHaveLength(1);
});

test("numbers are short", () =>
  expect([7, 999, 1000, 1249, 9960, 62_283].map(short)).toEqual(["7", "999", "1k", "1.2k", "10k", "62k"]));
