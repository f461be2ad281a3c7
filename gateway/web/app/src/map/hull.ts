export type Point = [number, number];

/** The convex hull of points, counterclockwise and closed; fewer than three have none (Andrew's chain). */
export function hull(points: Point[]): Point[] {
  const all = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o: Point, a: Point, b: Point) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (from: Point[]) => {
    const out: Point[] = [];
    for (const p of from) {
      while (out.length > 1 && turn(out[out.length - 2], out[out.length - 1], p) <= 0) out.pop();
      out.push(p);
    }
    out.pop();
    return out;
  };
  const ring = [...half(all), ...half(all.reverse())];
  return ring.length < 3 ? [] : [...ring, ring[0]];
}
