// The whole page in Chromium against a demo city: `npm run e2e`, or `make web-e2e`. With a folder as argument, it
// leaves screenshots there.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { Gateway } from "./gateway.mjs";
import { world } from "./pmtiles.mjs";

const shots = process.env.SCREENSHOTS;
const axe = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let g, browser;

before(async () => {
  g = await Gateway.start(["demo", "--channels", "3000", "--sim-control", "127.0.0.1:0"]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await g?.end();
});

async function shoot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

// accessible fails on what axe calls serious or worse.
async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  assert.deepEqual(
    bad.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`),
    [],
    what,
  );
}

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const total = (page) => page.getByTestId("found").textContent();

test("the map shows the city, and one finds a camera and looks at it", async () => {
  const page = await open(browser, g.url);
  await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0);
  assert.equal(await total(page), "3,000 of 3,000 cameras");
  await page.waitForFunction(() => document.querySelector('[data-testid="count-0"]').textContent === "3,000", null, {
    timeout: 180_000,
  });
  await page.waitForTimeout(1500); // for the map's own frame
  await shoot(page, "map-en");
  await accessible(page, "the map");

  // By what is in its name, by initials of pinyin, and by what it is.
  const search = page.getByRole("searchbox");
  await search.fill("思明区 街面");
  await page.waitForFunction(() => !document.querySelector('[data-testid="found"]').textContent.startsWith("3,000 "));
  const found = Number((await total(page)).split(" ")[0].replace(",", ""));
  assert.equal(found, (await g.ask(`/channels?limit=1&q=${encodeURIComponent("街面")}&site=xiamen/siming`)).total);
  await search.fill("smq jm");
  await page.waitForFunction(() => location.hash.includes("smq"));
  const byInitials = Number((await total(page)).split(" ")[0].replace(",", ""));
  assert.ok(byInitials >= found, `${byInitials} by initials, ${found} by name`);
  await search.fill("");
  await page.getByRole("group", { name: "Class" }).getByRole("button", { name: "Key places" }).click();
  await page.waitForFunction(() => location.hash.includes("class=2"));
  const second = await open(browser, g.url, { hash: await page.evaluate(() => location.hash) });
  await second.waitForFunction(() =>
    document.querySelector('[data-testid="found"]')?.textContent.includes(" of 3,000"),
  );
  assert.equal(await total(second), await total(page));
  await close(second);

  await page.getByRole("listitem").first().getByRole("button").click();
  const look = page.getByRole("complementary");
  await look.getByTestId("took").waitFor({ timeout: 20_000 });
  await page.waitForFunction(() => document.querySelector("video").currentTime > 1, null, { timeout: 20_000 });
  await look.getByText("H26").waitFor();
  await shoot(page, "look-en");
  await accessible(page, "a camera");
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("button", { name: "地图" }).waitFor();
  await shoot(page, "look-zh");
  await close(page);
});

test("a wall plays, a tile that fails says why, and comes back by itself", async () => {
  const page = await open(browser, g.url, { hash: "#/wall" });
  await page.getByRole("button", { name: "4", exact: true }).click();
  const rows = page.getByRole("listitem");
  await rows.first().waitFor();
  for (let i = 0; i < 4; i++) await rows.nth(i).dragTo(page.getByTestId("tile").nth(i));
  await page.waitForFunction(
    () => [...document.querySelectorAll("video")].filter((v) => v.currentTime > 1).length === 4,
    null,
    { timeout: 30_000 },
  );
  await shoot(page, "wall-en");
  await accessible(page, "the wall");
  const first = (await g.ask("/channels?limit=1")).items[0].id;
  assert.ok(g.control, g.said);
  await fetch(`${g.control}/cameras/${first}/fault`, { method: "PUT", body: '{"kind":"die"}' });
  const tile = page.getByTestId("tile").first();
  await tile.getByRole("status").waitFor({ timeout: 30_000 });
  await fetch(`${g.control}/cameras/${first}/fault`, { method: "DELETE" });
  await tile.getByRole("status").waitFor({ state: "detached", timeout: 60_000 });
  await page.getByRole("textbox", { name: "Name of the wall" }).fill("entrances");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/wall=entrances/);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll("video").length === 4);
  await close(page);
  // The gateway keeps it: another browser has it too.
  const second = await open(browser, g.url, { hash: "#/wall?tab=alone&wall=entrances" });
  await second.waitForFunction(() => document.querySelectorAll("video").length === 4);
  await close(second);
});

test("alerts are acknowledged and closed by keys, and what is done is kept", async () => {
  const camera = (await g.ask("/channels?limit=1&scenario=campus")).items[0];
  await g.ask("/rules/page-test", {
    method: "PUT",
    body: JSON.stringify({
      title: "Test of {channel}",
      enabled: true,
      types: ["sharpeyes.motion.started"],
      tags: [],
      severity: "critical",
      fold_by: "channel",
      when: `channel == "${camera.id}"`,
    }),
  });
  const page = await open(browser, g.url, { hash: "#/alerts" });
  await page.getByTestId("alerts-total").waitFor();
  await page.waitForFunction(() => document.querySelector('[data-testid="connection"]').dataset.connection === "live");
  await g.ask("/motion:report", { method: "POST", body: JSON.stringify({ id: camera.id, state: "started" }) });
  const title = `Test of ${camera.name}`;
  await page.getByRole("button", { name: title }).waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: title }).click();
  await shoot(page, "alerts-en");
  await accessible(page, "the alerts");
  await page.getByRole("textbox", { name: "Comment" }).fill("seen at the gate");
  await page.getByRole("heading", { name: title }).click();
  await page.keyboard.press("a");
  await page.getByText("seen at the gate").waitFor();
  const [mine] = (await g.ask("/alerts?state=acknowledged&rule=page-test")).items;
  assert.ok(mine, "it isn't acknowledged");
  await page.keyboard.press("c");
  await page.locator(`#alert-${mine.id}`).waitFor({ state: "detached" });
  assert.equal((await g.ask(`/alerts/${mine.id}`)).state, "closed");
  await g.ask("/rules/page-test", { method: "DELETE" });
  await close(page);
});

test("numbers, and what administrators do", async () => {
  const page = await open(browser, g.url, { hash: "#/numbers" });
  await page.getByRole("heading", { name: "By class" }).waitFor();
  await page.getByText("Target 98.0%").waitFor();
  await page.waitForTimeout(1000); // for the chart
  await shoot(page, "numbers-en");
  await accessible(page, "the numbers");

  await page.getByRole("button", { name: "Administer" }).click();
  const file = join(tmpdir(), `sharpeyes-import-${process.pid}.csv`);
  const head = "id,name,class,site,scenario,url\n";
  await writeFile(file, head + "page-1,North gate,7,xiamen/siming,campus,rtsp://127.0.0.1:9/a\n");
  await page.getByLabel("Choose a file").setInputFiles(file);
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByTestId("errors").getByText("class").waitFor();
  // A file that was mended must be chosen again, which the page says.
  await writeFile(file, head + "page-1,North gate,1,xiamen/siming,campus,rtsp://127.0.0.1:9/a\n");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("alert").getByText("Choose it again").waitFor();
  await page.getByLabel("Choose a file").setInputFiles([]);
  await page.getByLabel("Choose a file").setInputFiles(file);
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByTestId("counts").filter({ hasText: "1 created" }).waitFor();
  await shoot(page, "import-en");
  await accessible(page, "the import");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Applied").waitFor();
  assert.equal((await g.ask("/channels/page-1")).name, "North gate");

  await page.evaluate(() => (location.hash = "#/admin?tab=channel&c=page-1"));
  await page.getByLabel("name", { exact: true }).fill("South gate");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  assert.equal((await g.ask("/channels/page-1")).name, "South gate");
  await g.ask("/channels/page-1", { method: "DELETE" });
  for (const tab of ["maintenance", "rules", "gateways", "users"]) {
    await page.evaluate((t) => (location.hash = `#/admin?tab=${t}`), tab);
    await page.getByRole("heading").first().waitFor();
    await accessible(page, tab);
  }
  await close(page);
});

test("the gateway restarts under an open page, and all is back and right", async () => {
  const page = await open(browser, g.url);
  await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0);
  const connection = (is) =>
    page.waitForFunction((c) => document.querySelector('[data-testid="connection"]').dataset.connection === c, is, {
      timeout: 20_000,
    });
  await connection("live");
  await g.stop("SIGKILL");
  await connection("lost");
  await g.run();
  const back = Date.now();
  await connection("live");
  console.log(`back ${Date.now() - back} ms after the gateway was ready`);
  const { total } = await g.ask("/stats");
  await page.waitForFunction(
    (n) => document.querySelector('[data-testid="count-0"]').textContent === n.toLocaleString("en-GB"),
    total.online,
    { timeout: 20_000 },
  );
  await close(page);
});

test("a phone shows alerts, a wall of screens everything", async () => {
  for (const [width, height, hash] of [
    [390, 844, "#/alerts"],
    [3840, 2160, "#/map"],
    [1280, 720, "#/numbers"],
  ]) {
    const page = await open(browser, g.url, { viewport: { width, height }, hash });
    await page.getByRole("navigation").waitFor();
    if (hash === "#/map")
      await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0, null, {
        timeout: 60_000,
      });
    await page.waitForTimeout(hash === "#/map" ? 5000 : 1000); // for the picture alone
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} pixels of ${width}`);
    await shoot(page, `${width}`);
    await close(page);
  }
});

test("every view in Chinese, which nothing is left out of", async () => {
  const page = await open(browser, g.url, { locale: "zh-CN" });
  for (const [view, title] of [
    ["map", "地图"],
    ["wall", "电视墙"],
    ["alerts", "告警"],
    ["numbers", "统计"],
    ["admin", "管理"],
  ]) {
    await page.evaluate((v) => (location.hash = `#/${v}`), view);
    await page
      .getByRole("button", { name: title, exact: true })
      .or(page.getByRole("button", { name: new RegExp(`^${title}`) }))
      .first()
      .waitFor();
    if (view === "map")
      await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0, null, {
        timeout: 60_000,
      });
    await page.waitForTimeout(1500); // for the picture
    await shoot(page, `${view}-zh`);
    // Words of the page itself in Latin letters; names of scenarios and the like are data.
    const english = await page.evaluate(
      () =>
        /\b(Online|Offline|Search|Acknowledge|Save|Cameras|Target|Import|Users)\b/.exec(document.body.innerText)?.[0],
    );
    assert.equal(english, undefined, view);
  }
  await close(page);
});

test("who isn't signed in sees nothing but the form", async () => {
  const strict = await Gateway.start(["serve"], {
    SHARPEYES_ADMIN_PASSWORD: "of-the-test",
    SHARPEYES_ACCESS_ANONYMOUS: "none",
  });
  try {
    const page = await open(browser, strict.url);
    await page.getByLabel("User").fill("admin");
    await page.getByLabel("Password").fill("wrong-one");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText(/./).waitFor();
    await shoot(page, "sign-in-en");
    await accessible(page, "signing in");
    await page.getByLabel("Password").fill("of-the-test");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation").waitFor();
    await page.reload();
    await page.getByRole("navigation").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("User").waitFor();
    await close(page);
  } finally {
    await strict.end();
  }
});

test("a base map of one's own is served by the gateway, and channels are shifted onto a Chinese one", async () => {
  const file = join(tmpdir(), `sharpeyes-map-${process.pid}.pmtiles`);
  await writeFile(file, world());
  const own = await Gateway.start(["serve"], {
    SHARPEYES_ACCESS_ANONYMOUS: "admin",
    SHARPEYES_MAP_TILES: file,
    SHARPEYES_MAP_ATTRIBUTION: "Survey of the city",
    SHARPEYES_MAP_COORDINATES: "gcj02",
  });
  try {
    await own.ask("/channels/gate", {
      method: "PUT",
      body: JSON.stringify({
        name: "Gate",
        class: 1,
        site: "xiamen/siming",
        scenario: "campus",
        url: "rtsp://127.0.0.1:9/a",
        lon: 118.0894,
        lat: 24.4798,
      }),
    });
    const page = await open(browser, own.url);
    const part = await page.waitForResponse((r) => r.url().endsWith("/map.pmtiles") && r.status() === 206, {
      timeout: 20_000,
    });
    assert.equal(part.headers()["content-type"], "application/vnd.pmtiles");
    await page.waitForFunction(() => performance.getEntriesByName("city-shown").length > 0);
    await page.getByText("Survey of the city").first().waitFor({ state: "attached" });
    assert.equal((await own.ask("/page")).shifted, true);
    await page.waitForTimeout(1500); // for the picture
    await shoot(page, "base-map");
    await close(page);
  } finally {
    await own.end();
  }
});
