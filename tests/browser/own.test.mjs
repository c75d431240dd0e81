// A person's own page and everything that it leads to, found by following its links; and asking for something there by the keyboard.
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

/** What pages of one kind have in common: their address without tokens, courses and values. */
function kindOf(address) {
  const { pathname, searchParams } = new URL(address);
  const [kind, , ...rest] = pathname.split("/").filter(Boolean);
  return [kind, ...rest.slice(-1), ...searchParams.keys()].join("-");
}

/** What is saved rather than shown. */
const FILES = /\/(export|feed\.xml)$/;

for (const language of LANGUAGES) {
  describe(`somebody who reads ${language}`, () => {
    const address = `ana.${language}@example.org`;
    const judged = new Set();
    let page;
    let home;

    before(async () => {
      for (const [course, ...more] of [["small-steps", "--field", "teacher=a friend"], ["long-road"], ["letters"]]) {
        const agreed = ["--language", language, "--confirmed", "--source", "a paper form"];
        await site.run("subscriber", "add", address, "--course", course, ...more, ...agreed);
      }
      const first = await site.mailTo(address, 1);
      await site.mailTo(address, 2);
      page = await openPage(browser, { language });
      home = first.links.find((it) => it.startsWith(`${site.url}/my/`));
      assert.ok(home, "a lesson leads to one's own page");
    });

    const enrolment = async () => {
      const { enrolments } = await site.json("subscriber", "show", address);
      return enrolments.find((it) => it.course === "small-steps");
    };

    /** Judges the own page, and a page of each kind that can be reached from it and hasn't been seen yet. */
    const follow = async (t, name) => {
      judged.delete(kindOf(home));
      const queue = [home];
      while (queue.length) {
        const next = queue.shift();
        const kind = kindOf(next);
        if (judged.has(kind)) continue;
        judged.add(kind);
        await t.test(kind, async () => {
          await page.goto(next);
          assert.equal(page.answer.status(), 200, next);
          await judge(page, `${language}-${name}-${kind}`, { mail: kind.startsWith("view") });
          const hrefs = await page.locator("a[href]").evaluateAll((all) => all.map((it) => it.href.split("#")[0]));
          queue.push(...hrefs.filter((href) => href.startsWith(`${site.url}/`) && !FILES.test(href)));
        });
      }
    };

    test("follows every link from the own page", (t) => follow(t, "own"));

    test("pauses, and takes it back", async (t) => {
      await page.goto(home);
      await press(page, "a[href$='/small-steps/pause']");
      await press(page, "main form button");
      await judge(page, `${language}-own-paused`);
      assert.equal((await enrolment()).state, "paused");
      await follow(t, "in-a-pause");
      await page.goto(home);
      await press(page, "form[action*='/act/'] button");
      await judge(page, `${language}-own-undone`);
      assert.equal((await enrolment()).state, "active");
    });

    test("begins something else from there", async () => {
      await page.goto(home);
      await press(page, "a[href$='/signposts/join']");
      await press(page, "main form button");
      await judge(page, `${language}-own-joined`);
      const { enrolments } = await site.json("subscriber", "show", address);
      assert.ok(enrolments.some((it) => it.course === "signposts" && it.state === "active"));
    });

    test("chooses an hour and a day", async () => {
      await page.goto(home);
      await press(page, "a[href$='/settings']");
      // In English an hour is one of the morning or of the afternoon; elsewhere the letter is passed over.
      await fill(page, "#hour", "0745A");
      await tabTo(page, "[value=Sat]");
      await page.keyboard.press("Space");
      await press(page, "main form button");
      await judge(page, `${language}-own-settings-done`);
      await page.goto(`${home}/settings`);
      assert.deepEqual([await page.inputValue("#hour"), await page.isChecked("[value=Sat]")], ["07:45", true]);
    });

    test("types a new address wrongly, and hears of it", async () => {
      await page.goto(`${home}/address`);
      await fill(page, "#email", "nobody");
      await press(page, "main form button");
      assert.equal(page.answer.status(), 422);
      await judge(page, `${language}-own-address-wrong`);
    });

    test("begins again what was left", async (t) => {
      await site.run("subscriber", "leave", address, "--course", "small-steps");
      await follow(t, "after-leaving");
      await page.goto(home);
      await press(page, "a[href$='/small-steps/start-again']");
      await press(page, "main form button");
      await judge(page, `${language}-own-begun-again`);
    });

    test("is erased, and then links lead nowhere", async () => {
      await page.goto(home);
      await press(page, "a[href$='/erase']");
      await press(page, "main form button");
      await judge(page, `${language}-own-erased`);
      await assert.rejects(site.json("subscriber", "show", address));
      await page.goto(home);
      await judge(page, `${language}-own-gone`);
    });
  });
}
