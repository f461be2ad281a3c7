import { expect, test } from "vitest";
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
