// The pages at the door: what there is, what a course is, and the form, also when it is filled in wrongly.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { judge } from "./judges.mjs";
import { LANGUAGES } from "./languages.mjs";
import { Site } from "./site.mjs";

let site;
let browser;
before(async () => {
  site = await Site.make();
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
      assert.equal(await page.getAttribute("html", "lang"), language);
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

    test("an address that leads nowhere says so", async () => {
      const page = await openPage(browser, { language });
      await page.goto(`${site.url}/c/nothing`);
      assert.equal(page.answer.status(), 404);
      await judge(page, `${language}-nowhere`);
    });
  });
}
