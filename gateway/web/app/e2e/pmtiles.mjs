// The smallest base map there is: one picture of the whole world, as a PMTiles archive (specification 3).
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8Dwn4EIwDiqEAD0pgX/CYPbDgAAAABJRU5ErkJggg==",
  "base64",
);

export function world() {
  const directory = Buffer.from([1, 0, 1, png.length, 1]); // one entry: tile 0, run 1, its length, offset 0
  const metadata = Buffer.from("{}");
  const head = Buffer.alloc(127);
  head.write("PMTiles");
  head[7] = 3;
  let at = head.length;
  const sections = [directory, metadata, Buffer.alloc(0), png];
  sections.forEach((s, i) => {
    head.writeBigUInt64LE(BigInt(at), 8 + 16 * i);
    head.writeBigUInt64LE(BigInt(s.length), 16 + 16 * i);
    at += s.length;
  });
  for (let i = 0; i < 3; i++) head.writeBigUInt64LE(1n, 72 + 8 * i); // tiles, entries, contents
  head.set([1, 1, 1, 2, 0, 0], 96); // clustered, nothing compressed, PNG, zoom 0 to 0
  [-180, -85, 180, 85].forEach((d, i) => head.writeInt32LE(d * 1e7, 102 + 4 * i));
  return Buffer.concat([head, ...sections]);
}
