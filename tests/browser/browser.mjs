// A browser as its reader uses it: pages in a language, a width, light or dark, and by the keyboard alone. Judges nothing.
import assert from "node:assert/strict";
import { browserProgram, chromium } from "./tools.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** No page of ours has as many things to focus. */
const MOST_STOPS = 80;

/** A browser with a fresh profile; close it. */
export function launch() {
  return chromium.launch({ executablePath: browserProgram, headless: true, args: FLAGS });
}

/**
 * A page of a reader who reads `page.language`. What goes wrong in it by itself stands in `page.trouble`, the answer that it
 * shows in `page.answer`.
 */
export async function openPage(browser, { language = "en" } = {}) {
  const context = await browser.newContext({ locale: language, viewport: WIDE, reducedMotion: "reduce" });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.language = language;
  page.trouble = [];
  page.on("console", (line) => {
    // The page itself may be one that says what went wrong; an icon is what browsers ask for by themselves.
    const { url } = line.location();
    const expected = url === page.answer?.url() || url.endsWith("/favicon.ico");
    if (expected && line.text().startsWith("Failed to load resource")) return;
    page.trouble.push(`${line.type()} in the console: ${line.text()}`);
  });
  page.on("pageerror", (error) => page.trouble.push(`a script failed: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Who listens to changes stops when the page is left.
    if (request.resourceType() !== "eventsource") page.trouble.push(`${request.url()} couldn't be loaded`);
  });
  page.on("response", (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) page.answer = response;
    else if (response.status() >= 400 && !response.url().endsWith("/favicon.ico")) page.trouble.push(`${response.url()} answers ${response.status()}`);
  });
  return page;
}

export const WIDE = { width: 1280, height: 900 };
/** What a page must still work at (WCAG 2.2, 1.4.10). */
export const NARROW = { width: 320, height: 640 };

/** Presses Tab until what has the focus matches; fails when it comes around. */
export async function tabTo(page, selector) {
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`the Tab key never comes to ${selector} at ${page.url()}`);
}

/** Writes into the field that the Tab key comes to. */
export async function fill(page, selector, text) {
  await tabTo(page, selector);
  await page.keyboard.type(text);
}

/** Presses a button or a link by the keyboard, and returns when the next page is there. */
export async function press(page, selector, key = "Enter") {
  await tabTo(page, selector);
  const loaded = page.waitForEvent("load");
  await page.keyboard.press(key);
  await loaded;
}
