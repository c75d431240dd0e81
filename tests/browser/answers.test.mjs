// Questions of every kind, as the links of mails open them: what was tapped there, what is kept, what is refused, and the page for
// somebody who needs help now.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fill, launch, openPage, press, tabTo } from "./browser.mjs";
import { judge } from "./judges.mjs";
import { DIRECTIONS } from "./languages.mjs";
import { Site, until } from "./site.mjs";

let site;
let browser;
before(async () => {
  site = await Site.make();
  // Lessons come when they are asked for, and an hour is soon over.
  await site.edit("small-steps/course.toml", (text) => text.replace(/^wait = .*$/m, 'wait = "3000 days"'));
  await site.serve({ day: "10s" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

for (const language of DIRECTIONS) {
  describe(`somebody who reads ${language}`, () => {
    const address = `ana.${language}@example.org`;
    const show = (name) => judge(page, `${language}-ask-${name}`);
    let page;
    before(async () => {
      const agreed = ["--language", language, "--confirmed", "--source", "a paper form"];
      await site.run("subscriber", "add", address, "--course", "small-steps", "--field", "teacher=a friend", ...agreed);
      page = await openPage(browser, { language });
    });

    /** Opens the question with this number of the mail with this number, as a tap on one of its options does. */
    const tap = async (mail, question, option) => {
      const { links } = await site.mailTo(address, mail);
      const link = links.map((it) => new URL(it)).find((it) => it.pathname.startsWith("/answer/"));
      link.search = new URLSearchParams(option === undefined ? { q: question } : { q: question, o: option });
      assert.ok(option === undefined || links.includes(link.href), `no link to ${link.search}`);
      await page.goto(link.href);
    };
    const keep = () => press(page, "main form button");
    const next = () => {
      const ask = () => site.run("subscriber", "next-now", address, "--course", "small-steps");
      return until("the next lesson", () => ask().then(() => true, () => false));
    };

    test("one of several, as it was tapped", async () => {
      await tap(1, 1, 2);
      assert.equal(await page.inputValue(":checked"), "hand");
      await show("choice");
      await keep();
      await show("choice-kept");
    });

    test("a number", async () => {
      await tap(1, 2, 8);
      assert.equal(await page.locator("[type=radio]").count(), 11);
      await show("scale");
      await keep();
      assert.match(await page.innerText(".kept"), /^\s*[78]\s*$/);
      await show("scale-kept");
    });

    test("several of them", async () => {
      await next();
      await tap(2, 1);
      await tabTo(page, "[type=checkbox]");
      await page.keyboard.press("Space");
      await tabTo(page, "[type=checkbox]");
      await page.keyboard.press("Space");
      assert.equal(await page.locator(":checked").count(), 2);
      await show("choices");
      await keep();
      await show("choices-kept");
    });

    test("one that needs help now: the coach's own words come first, and the course waits", async () => {
      await tap(2, 2, 3);
      assert.equal(await page.inputValue(":checked"), "worse");
      await keep();
      assert.match(await page.innerText(".crisis"), /112/);
      await show("crisis");
      const { enrolments } = await site.json("subscriber", "show", address);
      assert.equal(enrolments[0].state, "paused");
    });

    test("in one's own words, and what was said then", async () => {
      await site.run("subscriber", "resume", address, "--course", "small-steps");
      await next();
      await tap(3, 1);
      await keep();
      assert.equal(page.answer.status(), 422);
      await show("text-empty");
      await fill(page, "#answer", "The weight of a hand.");
      await show("text");
      await keep();
      await show("text-kept");
      await tap(3, 2, 4);
      await keep();
      await show("then-and-now");
      assert.equal(await page.locator("svg.chart").count(), 1);
    });

    test("nothing where one must be chosen", async () => {
      await tap(2, 2);
      await page.evaluate(() => document.querySelectorAll(":checked").forEach((it) => (it.checked = false)));
      await keep();
      await show("wrong");
    });

    test("a question that isn't there", async () => {
      await tap(1, 9);
      assert.equal(page.answer.status(), 404);
      await show("no-more");
    });
  });
}
