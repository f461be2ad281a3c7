// Cameras that lie too near one another to be drawn apart are drawn as one. Squares of the map's own grid
// are cheap enough to count anew whenever something changed, and stay where they are.

const cell = 64; // pixels
const touching = 38; // pixels between two that would cover one another
const world = 512; // pixels that the world is wide at zoom 0
const apart = 17; // from this zoom on every camera is drawn

/** A position of Web Mercator, 0 to 1 in both directions, from degrees. */
export function mercator(lon: number, lat: number): [number, number] {
  const y = Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  return [(lon + 180) / 360, (1 - y / Math.PI) / 2];
}

/** Degrees from a position of Web Mercator. */
export function degrees(x: number, y: number): [number, number] {
  return [x * 360 - 180, (Math.atan(Math.exp((1 - 2 * y) * Math.PI)) * 360) / Math.PI - 90];
}

export interface Cluster {
  count: number;
  x: number; // of its middle, Web Mercator
  y: number;
  offline: number;
  degraded: number;
  unknown: number;
  one: number; // the place in the table of one of them
  west: number;
  east: number;
  north: number;
  south: number;
}

export interface Box {
  west: number;
  east: number;
  north: number; // the smaller y
  south: number;
}

/** What is drawn in the box at a zoom, of those channels that are shown. Positions are NaN where they aren't known. */
export function clusters(
  xs: Float64Array,
  ys: Float64Array,
  states: Uint8Array,
  shown: Uint32Array,
  box: Box,
  zoom: number,
): Cluster[] {
  const size = cell / (world * 2 ** Math.floor(zoom));
  const columns = Math.ceil(1 / size);
  const single = zoom >= apart;
  const cells = new Map<number, Cluster>();
  for (const i of shown) {
    const x = xs[i];
    const y = ys[i];
    if (!(x >= box.west && x <= box.east && y >= box.north && y <= box.south)) continue;
    const key = single ? i : Math.floor(x / size) * columns + Math.floor(y / size);
    let c = cells.get(key);
    if (!c) {
      c = { count: 0, x: 0, y: 0, offline: 0, degraded: 0, unknown: 0, one: i, west: x, east: x, north: y, south: y };
      cells.set(key, c);
    }
    c.count++;
    c.x += x;
    c.y += y;
    if (states[i] === 2) c.offline++;
    else if (states[i] === 1) c.degraded++;
    else if (states[i] >= 3) c.unknown++;
    if (x < c.west) c.west = x;
    if (x > c.east) c.east = x;
    if (y < c.north) c.north = y;
    if (y > c.south) c.south = y;
  }
  for (const c of cells.values()) {
    c.x /= c.count;
    c.y /= c.count;
  }
  const all = [...cells.values()];
  return single ? all : joined(all, (touching / cell) * size);
}

// joined makes one of those that would cover one another: the greater takes the smaller in.
function joined(all: Cluster[], distance: number): Cluster[] {
  all.sort((a, b) => b.count - a.count || a.one - b.one);
  const kept: Cluster[] = [];
  for (const c of all) {
    const near = kept.find((k) => Math.abs(k.x - c.x) < distance && Math.abs(k.y - c.y) < distance);
    if (!near || (near.count === 1 && c.count === 1)) {
      kept.push(c); // two cameras alone are drawn small
      continue;
    }
    near.x = (near.x * near.count + c.x * c.count) / (near.count + c.count);
    near.y = (near.y * near.count + c.y * c.count) / (near.count + c.count);
    near.count += c.count;
    near.offline += c.offline;
    near.degraded += c.degraded;
    near.unknown += c.unknown;
    near.west = Math.min(near.west, c.west);
    near.east = Math.max(near.east, c.east);
    near.north = Math.min(near.north, c.north);
    near.south = Math.max(near.south, c.south);
  }
  return kept;
}

/** How a cluster is ringed: well, something degraded or little offline, more of it offline, much; 4 where most isn't known. */
export function worst(c: Cluster): number {
  const share = c.offline / c.count;
  if (share >= 0.2) return 3;
  if (share >= 0.05) return 2;
  if (c.offline + c.degraded > 0) return 1;
  return c.unknown > c.count / 2 ? 4 : 0;
}

/** A number as short as there is room for. */
export function short(n: number): string {
  if (n < 1000) return String(n);
  const k = n / 1000;
  return `${k < 10 ? Math.round(k * 10) / 10 : Math.round(k)}k`;
}
