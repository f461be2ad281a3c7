// Chinese base maps are in GCJ-02, which lies some hundred metres off WGS-84 inside China.
const a = 6378245;
const ee = 0.006693421622965943;

function shift(x: number, y: number): [number, number] {
  const waves = (20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * (2 / 3);
  let lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + waves;
  lat += (20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * (2 / 3);
  lat += (160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * (2 / 3);
  let lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + waves;
  lon += (20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * (2 / 3);
  lon += (150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * (2 / 3);
  return [lon, lat];
}

/** A position in WGS-84 as GCJ-02, degrees. Outside of China they are the same. */
export function toGCJ02(lon: number, lat: number): [number, number] {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat];
  const [x, y] = shift(lon - 105, lat - 35);
  const radians = (lat / 180) * Math.PI;
  const magic = 1 - ee * Math.sin(radians) ** 2;
  const root = Math.sqrt(magic);
  return [
    lon + (x * 180) / ((a / root) * Math.cos(radians) * Math.PI),
    lat + (y * 180) / (((a * (1 - ee)) / (magic * root)) * Math.PI),
  ];
}
