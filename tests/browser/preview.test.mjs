// The preview as a coach has it open beside the editor: every page in every dress, views and people by their links, and what is
// saved shows where the page was.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NARROW, launch, openPage, press, tabTo } from "./browser.mjs";
import { judge } from "./judges.mjs";
import { Site, until } from "./site.mjs";

let site;
let browser;
let url;
let page;
before(async () => {
  site = await Site.make();
  await site.edit("small-steps/noticing.md", (text) => text.replace("+++\n\n", "+++\n\n{{ subscriber.frist_name }}\n\n"));
  url = await site.preview();
  browser = await launch();
  page = await openPage(browser);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** The document of a frame whose title holds this. */
const frame = (title) => page.frameLocator(`iframe[title*="${title}"]`);
/** Returns when a frame shows the words. */
const shows = (title, words) => frame(title).locator("body", { hasText: words }).waitFor({ state: "attached" });

const PAGES = {
  courses: "/",
  course: "/course/small-steps",
  problems: "/problems",
  plan: "/plan/small-steps?signup=2026-03-27T22%3A15&zone=Europe%2FBerlin&pause_from=2026-03-28&pause_to=2026-03-29",
  pages: "/pages/letters",
  nowhere: "/course/nowhere",
  together: "/lesson/small-steps/welcome",
  wide: "/lesson/small-steps/welcome?view=wide",
  phone: "/lesson/small-steps/welcome?view=phone&language=he",
  dark: "/lesson/small-steps/welcome?view=dark",
  "no-images": "/lesson/small-steps/welcome?view=no-images&who=hostile",
  text: "/lesson/small-steps/welcome?view=text&language=pt",
  source: "/lesson/small-steps/welcome?view=source",
  file: "/lesson/small-steps/welcome?view=file",
  broken: "/lesson/small-steps/noticing",
};

describe("every page of the preview", () => {
  for (const [name, path] of Object.entries(PAGES)) {
    test(name, async () => {
      await page.goto(url + path);
      await until("everything to be looked at", async () => !(await page.locator("main").innerText()).includes("looking …"));
      await judge(page, `preview-${name}`);
    });
  }
});

test("a mail shows as it is told to, whatever the device", async () => {
  const ground = (title) => frame(title).locator(".card").first().evaluate((it) => getComputedStyle(it).backgroundColor);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${url}/lesson/small-steps/welcome`);
    assert.equal(await ground("Wide, 640"), "rgb(255, 255, 255)", scheme);
    assert.equal(await ground("Phone, dark"), "rgb(32, 37, 38)", scheme);
  }
  await page.emulateMedia({ colorScheme: "light" });
  const widths = await page.locator("iframe").evaluateAll((all) => all.map((it) => it.clientWidth));
  assert.deepEqual(widths, [640, 320, 320]);
  await page.goto(`${url}/lesson/small-steps/welcome?view=no-images`);
  const image = frame("without images").locator("img").first();
  assert.equal(await image.evaluate((it) => it.getAttribute("src")), null);
  assert.deepEqual(page.trouble.splice(0), []);
});

test("views and people are chosen by the keyboard, and stay chosen on the way to the next lesson", async () => {
  await page.goto(`${url}/course/small-steps`);
  await press(page, "a[href='/lesson/small-steps/welcome']");
  await press(page, "a[href*='who=hostile']");
  await press(page, ".views a[href*='view=text']");
  assert.match(await page.locator("pre").innerText(), /<b>O'Neil & "Söhne"<\/b> \{\{ 7\*7 \}\}/);
  await press(page, "a[rel=next]");
  assert.match(page.url(), /noticing\?view=text&who=hostile$/);
});

test("what is saved shows in the frame, and nobody loses their place", async () => {
  await page.goto(`${url}/lesson/small-steps/looking-back?who=bare`);
  await shows("Wide", "friend");
  await page.locator("#to").fill("coach@example.org");
  await page.evaluate(() => window.scrollTo(0, 300));
  const before = await page.evaluate(() => window.scrollY);
  const history = await page.evaluate(() => window.history.length);
  const saved = Date.now();
  await site.edit("small-steps/looking-back.md", (text) => text.replace("+++\n\n", "+++\n\nA sentence that was just saved.\n\n"));
  await shows("Wide", "A sentence that was just saved.");
  const took = Date.now() - saved;
  assert.ok(took < 3000, `a save took ${took} ms to show`);
  await shows("Phone, dark", "A sentence that was just saved.");
  assert.equal(await page.evaluate(() => window.scrollY), before);
  assert.equal(await page.evaluate(() => window.history.length), history);
  assert.equal(await page.locator("#to").inputValue(), "coach@example.org");
  assert.match(page.url(), /who=bare$/);
  assert.equal(await page.locator("a[aria-current=true]").first().innerText(), "Gave nothing");
  console.log(`a save showed after ${took} ms`);
});

test("a fault shows while it is there, and the mail when it is mended", async () => {
  await page.goto(`${url}/lesson/small-steps/looking-back`);
  await shows("Wide", "A sentence that was just saved.");
  await site.edit("small-steps/looking-back.md", (text) => text.replace("A sentence", "{{ subscriber.frist_name }} A sentence"));
  await page.locator(".lines .problem", { hasText: "frist_name" }).waitFor();
  assert.equal(await page.locator("iframe").count(), 0);
  await site.edit("small-steps/looking-back.md", (text) => text.replace("{{ subscriber.frist_name }} A sentence", "A mended sentence"));
  await shows("Wide", "A mended sentence");
  assert.deepEqual(page.trouble.splice(0), []);
});

test("a fault of another course leaves the page alone, and the list of courses tells it", async () => {
  await page.goto(url);
  await site.edit("signposts/here.md", (text) => `${text}\n{% if %}\n`);
  await page.locator("section", { hasText: "Signposts" }).locator(".badge.wrong").first().waitFor();
});

test("without a relay that answers, sending says so", async () => {
  await page.setViewportSize(NARROW);
  await page.goto(`${url}/lesson/small-steps/welcome?view=phone`);
  await tabTo(page, "#to");
  await page.keyboard.type("coach");
  await press(page, ".send button");
  assert.match(await page.locator("#sent").innerText(), /no e-mail address/);
  assert.equal(await page.locator("#to").inputValue(), "coach");
});
