// The pages at the door: what there is, what a course is, and its form, also in other people's pages and filled in wrongly; the link to
// one's own page; and the way out for whoever never asked.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fill, launch, openPage, press } from "./browser.mjs";
import { judge } from "./judges.mjs";
import { LANGUAGES } from "./languages.mjs";
import { Site } from "./site.mjs";

let site;
let browser;
before(async () => {
  site = await Site.make();
  await site.edit("letters/course.toml", (text) => text.replace(/^issues = .*$/m, "").replace(/"first-letter"/, '"first-letter", "second-letter"'));
  await site.edit("letters/second-letter.md", () => '+++\nsubject = "Less <i>is</i> enough"\npreview = "On less."\ndate = 2025-11-05T09:00:00\n+++\n\nLess.\n');
  await site.edit("letters/first-letter.md", (text) => text.replace("+++\n", "+++\ndate = 2026-01-05T09:00:00\n"));
  await site.serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

for (const language of LANGUAGES) {
  describe(`to somebody who reads ${language}`, () => {
    const show = async (path, name) => {
      const page = await openPage(browser, { language });
      await page.goto(site.url + path);
      await judge(page, `${language}-${name}`);
      return page;
    };

    test("home lists what there is", async () => {
      const page = await show("/", "home");
      assert.equal(await page.locator("main li").count(), 5);
    });

    test("a course says what it is and can be begun", () => show("/c/small-steps", "course"));

    test("a newsletter says what it is and can be begun", () => show("/c/letters", "newsletter"));

    test("a form that is filled in wrongly says what is wrong", async () => {
      const page = await openPage(browser, { language });
      await page.goto(`${site.url}/c/small-steps`);
      await page.fill("#email", "nobody");
      await Promise.all([page.waitForEvent("load"), page.click("form button")]);
      assert.equal(page.answer.status(), 422);
      await judge(page, `${language}-course-wrong`);
      assert.equal(await page.locator("[aria-invalid]").count(), 3);
    });

    test("what has appeared can be read by everybody", async () => {
      const page = await show("/archive/letters", "archive");
      await press(page, "main li a");
      await judge(page, `${language}-archive-issue`, { mail: true });
      assert.match(await page.innerText("body"), /How much is enough/);
      await Promise.all([page.waitForEvent("load"), page.click("a:has-text('Less <i>is</i> enough')")]);
      assert.match(await page.innerText("h1"), /Less <i>is<\/i> enough/);
      await judge(page, `${language}-archive-neighbour`, { mail: true });
    });

    test("the form stands in the pages of others", async () => {
      const page = await show("/embed/small-steps", "embed");
      await press(page, "form button");
      assert.equal(page.answer.status(), 422);
      await judge(page, `${language}-embed-wrong`);
    });

    test("the link to one's own page can be asked for", async () => {
      const page = await show("/my", "link");
      await press(page, "form button");
      assert.equal(page.answer.status(), 422);
      await judge(page, `${language}-link-wrong`);
      await fill(page, "#email", "somebody@example.org");
      await press(page, "form button");
      assert.equal(page.answer.status(), 200);
      await judge(page, `${language}-link-asked`);
    });

    test("whoever never asked is never written to again", async () => {
      const address = `stranger.${language}@example.org`;
      await site.run("subscriber", "add", address, "--course", "long-road", "--language", language);
      const link = (await site.mailTo(address, 1)).links.find((it) => it.startsWith(`${site.url}/leave/`));
      const page = await show(link.slice(site.url.length), "never");
      await press(page, "form button");
      await judge(page, `${language}-never-done`);
      assert.ok((await site.json("suppression", "list")).some((it) => it.address === address), "no mail ever");
    });

    test("an address that leads nowhere says so", async () => {
      const page = await openPage(browser, { language });
      await page.goto(`${site.url}/c/nothing`);
      assert.equal(page.answer.status(), 404);
      await judge(page, `${language}-nowhere`);
    });
  });
}
