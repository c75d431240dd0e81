// What every page owes its readers, in every dress: wide and narrow, light and dark, by keyboard, to assistive programs, and as HTML.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { NARROW, WIDE } from "./browser.mjs";
import { focusTroubles, languageTroubles, layoutTroubles } from "./measures.mjs";
import { HtmlValidate, axe, workshop } from "./tools.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Axe looks at each width and at each scheme once; it takes longest. */
const DRESSES = [
  { scheme: "light", width: "wide", viewport: WIDE, axe: true },
  { scheme: "light", width: "320", viewport: NARROW, axe: false },
  { scheme: "dark", width: "wide", viewport: WIDE, axe: false },
  { scheme: "dark", width: "320", viewport: NARROW, axe: true },
];
const MOST_STOPS = 80;

/** Our own style sheet needs no hash: it comes from where the page comes from. */
const HTML = {
  extends: ["html-validate:standard", "html-validate:a11y", "html-validate:document"],
  rules: { "require-sri": ["error", { target: "crossorigin" }] },
};
/** Mail programs know the HTML of 1998 only: tables with attributes, and no element that says what it is. */
const MAIL = { ...HTML, rules: { ...HTML.rules, "no-deprecated-attr": "off", "prefer-native-element": "off" } };
const shots = join(workshop, "shots");
mkdirSync(shots, { recursive: true });

/** Judges what a page shows now; `name` names the pictures of it, and `mail` says that it was made as a mail. */
export async function judge(page, name, { mail = false } = {}) {
  const found = page.trouble.splice(0);
  // What can be unfolded is part of the page.
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
  found.push(...(await invalid(page, mail ? MAIL : HTML)));
  if (!mail) found.push(...(await page.evaluate(languageTroubles, page.language)));
  found.push(...(await focus(page)));
  for (const { scheme, width, viewport, axe } of DRESSES) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(shots, `${name}-${scheme}-${width}.png`), fullPage: true });
    const troubles = [...(await page.evaluate(layoutTroubles)), ...(axe ? await violations(page) : [])];
    found.push(...troubles.map((trouble) => `${scheme}, ${width}: ${trouble}`));
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(WIDE);
  assert.deepEqual(found, [], `${name} at ${page.url()}`);
}

/** What is wrong with the HTML as it came. */
async function invalid(page, rules) {
  const report = await new HtmlValidate(rules).validateString(await page.answer.text());
  const messages = report.results.flatMap((result) => result.messages);
  return messages.map((it) => `HTML, line ${it.line}: ${it.message} (${it.ruleId})`);
}

/** What axe finds (W3C's rules and its own best practice). */
async function violations(page) {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  const run = (rules) => window.axe.run(document, { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] });
  const { violations } = await page.evaluate(run, RULES);
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${help} (${id}): ${node.html}`));
}

/** Goes through the page by the Tab key once: each stop shows that it has the focus, in light and in dark. */
async function focus(page) {
  const found = await stops(page);
  await page.evaluate(() => document.activeElement.blur());
  return found;
}

async function stops(page) {
  const found = [];
  const seen = new Set();
  for (let count = 0; count < MOST_STOPS; count++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(focusTroubles);
    if (stop.at === null || seen.has(stop.at)) return found;
    seen.add(stop.at);
    await page.emulateMedia({ colorScheme: "dark" });
    found.push(...stop.troubles, ...(await page.evaluate(focusTroubles)).troubles.map((it) => `dark: ${it}`));
    await page.emulateMedia({ colorScheme: "light" });
  }
  return [...found, `more than ${MOST_STOPS} stops of the Tab key`];
}
