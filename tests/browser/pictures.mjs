// Takes the pictures of docs/components.md: every component as its readers see it, in light and in dark.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { lessons, send, serve, show } from "./components.mjs";

const folder = fileURLToPath(new URL("../../docs/images/components/", import.meta.url));
/** A mail's own width, and what a screen of today makes of its pixels. */
const VIEWPORT = { width: 600, height: 900 };
const SHARPNESS = 1.5;
/** Pixels of the card around a component. */
const MARGIN = 24;
/** Octets of a picture at most. */
const HEAVY = 60_000;

mkdirSync(folder, { recursive: true });
const site = await serve();
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: VIEWPORT, deviceScaleFactor: SHARPNESS });
  const page = await context.newPage();
  for (const lesson of await lessons()) {
    await show(page, site, await send(site, lesson));
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      const picture = await page.screenshot({ clip: await page.evaluate(place, MARGIN), fullPage: true });
      const small = execFileSync("pngquant", ["--speed", "1", "--quality", "60-95", "-"], { input: picture, maxBuffer: 1 << 28 });
      if (small.length > HEAVY) throw new Error(`${lesson}-${scheme} has ${small.length} octets`);
      writeFileSync(`${folder}${lesson}-${scheme}.png`, small);
      console.log(`${lesson}-${scheme}.png: ${small.length} octets`);
    }
  }
} finally {
  await browser.close();
  await site.stop();
}

/** Where a lesson's text stands, without title and disclaimer. Runs in the page. */
function place(margin) {
  const words = document.querySelector(".words > div");
  const shown = [...words.children].filter((it) => !it.matches(".over, h1, .note"));
  const rects = shown.map((it) => it.getBoundingClientRect());
  const top = Math.min(...rects.map((it) => it.top)) + scrollY - margin;
  const bottom = Math.max(...rects.map((it) => it.bottom)) + scrollY + margin;
  const { left, width } = document.querySelector(".card").getBoundingClientRect();
  return { x: left, y: top, width, height: bottom - top };
}
