// A person's whole way by the keyboard alone: sign up, confirm, read, leave, come back. Each page on it is judged.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fill, launch, openPage, press, tabTo } from "./browser.mjs";
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
  describe(`somebody who reads ${language}`, () => {
    const address = `ana.${language}@example.org`;
    const show = (page, name, kind) => judge(page, `${language}-${name}`, kind);
    const state = async () => (await site.json("subscriber", "show", address)).enrolments.map((it) => it.state);
    let page;
    before(async () => (page = await openPage(browser, { language })));

    const signUp = async () => {
      await page.goto(`${site.url}/`);
      await press(page, "a[href$='/c/small-steps']");
      await fill(page, "#email", address);
      await fill(page, "#first_name", "Ana");
      await fill(page, "[name='field:teacher']", "a friend");
      await fill(page, "#zone", "Lisb");
      assert.equal(await page.inputValue("#zone"), "Europe/Lisbon");
      await tabTo(page, "[name=agree]");
      await page.keyboard.press("Space");
      await press(page, "form button");
      assert.equal(page.answer.status(), 200);
    };
    /** Opens the link of this kind in the mail. */
    const follow = async (mail, kind) => {
      const link = mail.links.find((it) => it.startsWith(`${site.url}/${kind}/`));
      assert.ok(link, `no link to /${kind}/ in “${mail.subject}”`);
      await page.goto(link);
      return link;
    };

    test("asks for a course and is told to look into the mailbox", async () => {
      await signUp();
      await show(page, "asked");
      assert.deepEqual(await state(), ["pending"]);
    });

    test("confirms, and the course begins; a second press does no harm", async () => {
      const link = await follow(await site.mailTo(address, 1), "confirm");
      await show(page, "confirm");
      assert.deepEqual(await state(), ["pending"]);
      await press(page, "form button", "Space");
      await show(page, "confirmed");
      assert.deepEqual(await state(), ["active"]);
      await page.goto(link);
      await show(page, "confirmed-before");
    });

    test("reads the first lesson in the browser", async () => {
      await follow(await site.mailTo(address, 2), "view");
      assert.match(await page.innerText("body"), /Ana/);
      await show(page, "view", { mail: true });
    });

    test("leaves by the link in the mail", async () => {
      const link = await follow(await site.mailTo(address, 2), "leave");
      await show(page, "leave");
      assert.deepEqual(await state(), ["active"]);
      await press(page, "form button");
      await show(page, "left");
      assert.deepEqual(await state(), ["left"]);
      await page.goto(link);
      await show(page, "left-before");
    });

    test("comes back the way they came", async () => {
      await signUp();
      await follow(await site.mailTo(address, 3), "confirm");
      await press(page, "form button");
      assert.deepEqual(await state(), ["left", "active"]);
      await site.mailTo(address, 4);
    });

    for (const kind of ["confirm", "leave", "view"]) {
      test(`a link to ${kind} that was cut says so`, async () => {
        await page.goto(`${site.url}/${kind}/abc`);
        await show(page, `${kind}-cut`);
      });
    }
  });
}
