import { chromium } from "playwright-core";

const quiet = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const drawn = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]; // by the processor

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...quiet, ...drawn, "--autoplay-policy=no-user-gesture-required"],
  });
}

/** A page that fails the test when a script in it fails, or asks anybody but the gateway for anything. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push(e.message));
  page.on("request", (r) => {
    const to = r.url();
    if (!to.startsWith(url) && !/^(blob|data):/.test(to)) page.faults.push(`it asks for ${to}`);
  });
  await page.goto(url + "/" + (options.hash ?? ""));
  return page;
}
