// What the page needs with the whole city: `make bench-page`. Prints a table; docs/performance.md says what the figures are.
import { gzipSync } from "node:zlib";
import { readdir, readFile } from "node:fs/promises";
import { launch, open } from "./browser.mjs";
import { Gateway } from "./gateway.mjs";

const rows = [];
const say = (what, figure, bar) => rows.push({ what, figure, bar });
const at = (all, q) => [...all].sort((a, b) => a - b)[Math.min(Math.floor(all.length * q), all.length - 1)];
const ms = (n) => `${Math.round(n)} ms`;

// The probes rest: cameras are simulated on the same machine, and would be measured with the page.
const g = await Gateway.start(["demo", "--live", "0", "--sim-control", "127.0.0.1:0"], {
  SHARPEYES_HEALTH_INTERVAL_1: "24h",
  SHARPEYES_HEALTH_INTERVAL_2: "24h",
  SHARPEYES_HEALTH_INTERVAL_3: "24h",
  SHARPEYES_HEALTH_DEEP_INTERVAL: "0s",
});
const browser = await launch();
try {
  const loads = [];
  for (let i = 0; i < 5; i++) {
    const page = await open(browser, g.url, { viewport: { width: 1280, height: 800 } });
    await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0, null, { timeout: 60_000 });
    const marks = await page.evaluate(() => performance.getEntriesByType("mark").map((m) => [m.name, m.startTime]));
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    const { metrics } = await cdp.send("Performance.getMetrics");
    loads.push({ ...Object.fromEntries(marks), script: 1000 * metrics.find((m) => m.name === "ScriptDuration").value });
    await page.context().close();
  }
  say(
    "load to the map drawn (by the processor), 62,283 channels, median of 5",
    ms(
      at(
        loads.map((l) => l["city-shown"]),
        0.5,
      ),
    ),
    "2 s",
  );
  say(
    "… of which the city is there after",
    ms(
      at(
        loads.map((l) => l["city-loaded"]),
        0.5,
      ),
    ),
    "",
  );

  const page = await open(browser, g.url, { viewport: { width: 1280, height: 800 } });
  await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0, null, { timeout: 60_000 });
  await page.waitForTimeout(3000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const metric = async (name) => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === name).value;

  // Script time a frame while the map is dragged; the drawing itself is done by the processor here.
  const box = await page.locator("canvas").boundingBox();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const steps = [];
  await page.mouse.move(...middle);
  await page.mouse.down();
  for (let i = 0; i < 120; i++) {
    const before = await metric("ScriptDuration");
    await page.mouse.move(middle[0] + 120 * Math.sin(i / 6), middle[1] + 80 * Math.cos(i / 5));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    steps.push(1000 * ((await metric("ScriptDuration")) - before));
  }
  await page.mouse.up();
  say("script time a frame while panning, p95", ms(at(steps, 0.95)), "50 ms");

  const scrolls = [];
  for (let i = 0; i < 60; i++) {
    const before = await metric("ScriptDuration");
    await page.evaluate((y) => (document.querySelector(".rows").scrollTop = y), i * 40_000);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    scrolls.push(1000 * ((await metric("ScriptDuration")) - before));
  }
  say("script time a frame while the list scrolls, p95", ms(at(scrolls, 0.95)), "");
  await cdp.send("HeapProfiler.collectGarbage");
  say("JavaScript heap", `${Math.round((await metric("JSHeapUsedSize")) / 2 ** 20)} MB`, "300 MB");

  // 1,000 changes a second for a minute: channels are disabled and enabled again.
  const ids = (await g.ask("/channels?limit=1000&class=3")).items.map((c) => c.id);
  const head = "id,name,class,site,scenario,url,enabled\n";
  const all = (await g.ask("/channels?limit=1000&class=3")).items;
  const file = (on) =>
    head + all.map((c) => [c.id, c.name, c.class, c.site, c.scenario, c.url, on].join(",")).join("\n") + "\n";
  const started = Date.now();
  let changes = 0;
  const long = [];
  for (let n = 0; Date.now() - started < 60_000; n++) {
    const answer = await fetch(`${g.url}/api/v1/channels:import?format=csv`, {
      method: "POST",
      body: file(n % 2 === 1),
      headers: { "Content-Type": "text/csv" },
    });
    if (!answer.ok) throw new Error(await answer.text());
    changes += ids.length;
    const before = performance.now();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    long.push(performance.now() - before);
    await new Promise((r) => setTimeout(r, Math.max(started + (n + 1) * 1000 - Date.now(), 0)));
  }
  await page.waitForTimeout(3000);
  const { total } = await g.ask("/stats");
  const shown = await page.evaluate(() =>
    [0, 1, 2, 3, 4].map((s) =>
      Number(document.querySelector(`[data-testid="count-${s}"]`).textContent.replaceAll(",", "")),
    ),
  );
  const want = [total.online, total.degraded, total.offline, total.unknown, total.disabled];
  say(
    `${Math.round((1000 * changes) / (Date.now() - started))} changes a second for a minute: a frame within, p95`,
    ms(at(long, 0.95)),
    "",
  );
  say("… and right at the end", String(shown.join() === want.join()), "true");
  if (page.faults.length) throw new Error(page.faults.join("\n"));
  await page.context().close();

  // A tile, from the camera being put into it to its first picture. There is no map beside it that the processor
  // would have to draw. The simulated cameras send a keyframe every two seconds, and none at once: what is
  // waited for them is told apart.
  const cold = [];
  const own = [];
  const warm = [];
  const wall = await open(browser, g.url, { hash: "#/wall" });
  await wall.evaluate(() => {
    const Original = WebSocket;
    window.WebSocket = function (url) {
      const ws = new Original(url);
      const began = performance.now();
      ws.addEventListener("message", () => (window.waited = performance.now() - began), { once: true });
      return ws;
    };
  });
  await wall.getByRole("button", { name: "4", exact: true }).click();
  const tile = wall.getByTestId("tile").first();
  await wall.getByRole("listitem").nth(12).waitFor();
  const show = async (i) => {
    await wall.getByRole("listitem").nth(i).dragTo(tile);
    await wall.waitForFunction(() => document.querySelector('[data-testid="tile"]').dataset.took, null, {
      timeout: 20_000,
    });
    const took = Number(await tile.getAttribute("data-took"));
    const waited = await wall.evaluate(() => window.waited);
    await tile.hover();
    await tile.getByRole("button", { name: "Remove" }).click();
    return [took, waited];
  };
  for (let i = 0; i < 12; i++) {
    const [took, waited] = await show(i);
    cold.push(took);
    own.push(took - waited);
    warm.push((await show(i))[0]);
  }
  say("a tile to its picture, not pulled before, p50", ms(at(cold, 0.5)), "");
  say("… from when the camera sends a keyframe, p50", ms(at(own, 0.5)), "300 ms");
  say("a tile to its picture, pulled already, p50", ms(at(warm, 0.5)), "150 ms");
  await wall.context().close();

  const assets = new URL("../../built/assets/", import.meta.url);
  let scripts = 0;
  for (const name of await readdir(assets)) {
    if (name.endsWith(".js") && !/citymap|maplibre/.test(name))
      scripts += gzipSync(await readFile(new URL(name, assets))).length;
  }
  say("JavaScript without the map, gzip", `${Math.round(scripts / 1000)} kB`, "400 kB");
} finally {
  await browser.close();
  await g.end();
}
console.log("| what | figure | bar |\n| --- | --- | --- |");
for (const r of rows) console.log(`| ${r.what} | ${r.figure} | ${r.bar} |`);
