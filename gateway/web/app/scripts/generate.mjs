// Makes the types of the API and of events from the documents that the gateway serves, which lie in api/, and
// empties the folder that the page is built into.
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const head = "// Made by scripts/generate.mjs; edits are lost.\n";
const read = async (name) => JSON.parse(await readFile(new URL(`../api/${name}`, import.meta.url), "utf8"));
const write = (name, text) => writeFile(new URL(`../src/api/${name}`, import.meta.url), head + text);

await write("schema.d.ts", astToString(await openapiTS(await read("openapi.json"))));

// The schemas of an AsyncAPI document are those of OpenAPI; each message becomes one more.
const async = await read("asyncapi.json");
const schemas = { ...async.components.schemas };
const names = [];
for (const [type, message] of Object.entries(async.components.messages)) {
  const name = "Message_" + type.replaceAll(".", "_");
  schemas[name] = message.payload;
  names.push(name);
}
schemas.CityEvent = { oneOf: names.map((n) => ({ $ref: `#/components/schemas/${n}` })) };
const document = { openapi: "3.1.0", info: { title: "", version: "" }, paths: {}, components: { schemas } };
await write("events.d.ts", astToString(await openapiTS(document)));

const built = new URL("../../built/", import.meta.url);
for (const entry of await readdir(built)) {
  if (entry !== "README") await rm(new URL(entry, built), { recursive: true });
}
