// Judges the HTML of mails: html-validate, caniemail, axe-core. Usage: node judge.mjs FOLDER-OF-EML [FOLDER-FOR-SHOTS]
import { caniemail } from "caniemail";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [folder, shots] = process.argv.slice(2);
const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*"];
// What may be missing somewhere without harm. Style sheets: all of them gone leaves a light mail that reads well.
const PROGRESSIVE = new Set([
  "<style> element", "@media", "Attribute selector", "Chaining selectors", "Child combinator", "Class selector",
  "Descendant combinator", "ID selector", "Type selector", "!important keyword",
  // Ornament.
  "border-radius", "border-spacing", "opacity", "outline", "overflow", "white-space", "word-break", "word-spacing",
  // For screen readers, or against one program's habits.
  "<body> element", "aria-label attribute", "dir attribute", "height property", "role attribute", "display:none",
]);
// MJML's way of saying that a mail is an article, which `<article>` isn't to every mail program.
const RULES = { "prefer-native-element": "off", "void-style": "off" };
// A mail has no landmarks of its own: it stands within a page of the mail program.
const OF_PAGES = { "landmark-one-main": { enabled: false }, region: { enabled: false } };

const validate = new HtmlValidate({
  root: true,
  extends: ["html-validate:document", "html-validate:a11y"],
  rules: RULES,
});
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The text/html part of one of our mails. */
function htmlOf(eml) {
  const boundary = /boundary="([^"]+)"/i.exec(eml)[1];
  const parts = eml.split(`\r\n--${boundary}`).slice(1);
  const first = (kind) => parts.find((part) => kind.test(part.split("\r\n\r\n")[0]));
  // Where a mail carries images, they stand beside the HTML in a part of several parts.
  const related = first(/^content-type: multipart\/related/im);
  if (related) return htmlOf(related);
  const part = first(/^content-type: text\/html/im);
  const end = part.indexOf("\r\n\r\n");
  const [head, body] = [part.slice(0, end), part.slice(end + 4)];
  if (/base64/i.test(head)) return Buffer.from(body, "base64").toString("utf8");
  if (!/quoted-printable/i.test(head)) return body;
  const bytes = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function unsupported(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  const missing = new Map();
  for (const [client, found] of issues.errors) {
    for (const { title } of found.filter(({ title }) => !PROGRESSIVE.has(title))) {
      missing.set(title, (missing.get(title) ?? new Set()).add(client));
    }
  }
  return [...missing].map(([title, clients]) => `caniemail: ${title} (${[...clients].join(", ")})`);
}

async function invalid(html) {
  const { results } = await validate.validateString(html);
  return results.flatMap(({ messages }) => messages.map((it) => `html-validate: ${it.line}:${it.column} ${it.message}`));
}

async function unreadable(browser, html, name) {
  const faults = [];
  for (const [width, colorScheme] of [[600, "light"], [600, "dark"], [320, "light"], [320, "dark"]]) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, offline: true });
    const page = await context.newPage();
    await page.setContent(html);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) faults.push(`browser: ${wide} pixels wide at ${width}`);
    if (shots) await page.screenshot({ path: path.join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate((rules) => window.axe.run(document, { rules }), OF_PAGES);
    faults.push(...violations.map(({ id, nodes }) => `axe: ${id} at ${width} ${colorScheme}: ${nodes[0].target}`));
    await context.close();
  }
  return faults;
}

if (shots) fs.mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
for (const file of fs.readdirSync(folder).filter((file) => file.endsWith(".eml")).sort()) {
  const html = htmlOf(fs.readFileSync(path.join(folder, file), "latin1"));
  const faults = [...(await invalid(html)), ...unsupported(html), ...(await unreadable(browser, html, file.slice(0, 4)))];
  console.log(`${file}: ${html.length} characters, ${faults.length ? "" : "no objection"}`);
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length) process.exitCode = 1;
}
await browser.close();
