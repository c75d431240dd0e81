// A person's whole way by the keyboard alone: sign up, confirm, read, answer, pause, change this and that, take it along, leave,
// come back. Each page on it is judged, and what it did is seen in the daemon.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fill, launch, openPage, press, tabTo } from "./browser.mjs";
import { judge } from "./judges.mjs";
import { DIRECTIONS } from "./languages.mjs";
import { Site, until } from "./site.mjs";

let site;
let browser;
before(async () => {
  site = await Site.make();
  // Nothing comes by itself while somebody looks, and an hour is soon over.
  await site.edit("small-steps/course.toml", (text) => text.replace(/^wait = .*$/m, 'wait = "3000 days"'));
  await site.serve({ day: "20s" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** Takes back what was just done. */
const UNDO = "form[action*='/act/'] button";

for (const language of DIRECTIONS) {
  describe(`somebody who reads ${language}`, () => {
    let address = `ana.${language}@example.org`;
    const show = (name, kind) => judge(page, `${language}-${name}`, kind);
    const person = () => site.json("subscriber", "show", address);
    const states = async () => (await person()).enrolments.map((it) => it.state);
    /** The pace of the newest place. */
    const pace = async () => JSON.parse(await site.run("subscriber", "export", address)).places.at(-1).pace;
    let page;
    /** The own page. */
    let home;
    /** The subject of the second lesson. */
    let second;
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
    /** Opens the first link of this kind in the mail. */
    const follow = async (mail, kind) => {
      const link = mail.links.find((it) => it.startsWith(`${site.url}/${kind}/`));
      assert.ok(link, `no link to /${kind}/ in “${mail.subject}”`);
      await page.goto(link);
      return link;
    };
    /** Goes to the own page and from there to one of the things that can be done in the course. */
    const toAct = async (act) => {
      await page.goto(home);
      await press(page, `a[href$='/small-steps/${act}']`);
    };
    const datesAreShown = async () => assert.notEqual(await page.locator("ol.dates li").count(), 0, "the next dates");
    /** Does what this page is for, and sees that it says what comes then and can be taken back. */
    const doIt = async (name) => {
      await press(page, "main form button");
      await show(name);
      assert.equal(page.answer.status(), 200);
      await datesAreShown();
      assert.equal(await page.locator(UNDO).count(), 1, "it can be taken back");
    };
    const takeBack = async (name) => {
      await press(page, UNDO);
      await show(name);
      await datesAreShown();
    };

    test("asks for a course and is told to look into the mailbox", async () => {
      await signUp();
      await show("asked");
      assert.deepEqual(await states(), ["pending"]);
    });

    test("confirms, and the course begins; a second press does no harm", async () => {
      const link = await follow(await site.mailTo(address, 1), "confirm");
      await show("confirm");
      assert.deepEqual(await states(), ["pending"]);
      await press(page, "form button", "Space");
      await show("confirmed");
      assert.deepEqual(await states(), ["active"]);
      await page.goto(link);
      await show("confirmed-before");
    });

    test("reads the first lesson in the browser", async () => {
      await follow(await site.mailTo(address, 2), "view");
      assert.match(await page.innerText("body"), /Ana/);
      await show("view", { mail: true });
    });

    test("answers by a tap in the mail: what was tapped is chosen, and one press keeps it", async () => {
      const lesson = await site.mailTo(address, 2);
      home = lesson.links.find((it) => it.startsWith(`${site.url}/my/`));
      await follow(lesson, "answer");
      assert.deepEqual([await page.locator(":checked").count(), await page.locator("main button").count()], [1, 1]);
      await show("tapped");
      await press(page, "main form button");
      await show("tapped-kept");
      assert.equal(await page.locator(".kept").count(), 1);
    });

    test("pauses by the link in the mail, and takes it back", async () => {
      await follow(await site.mailTo(address, 2), "act");
      await doIt("paused");
      assert.deepEqual(await states(), ["paused"]);
      await takeBack("paused-undone");
      assert.deepEqual(await states(), ["active"]);
    });

    test("pauses, and goes on", async () => {
      await toAct("pause");
      await page.keyboard.press("Tab");
      await tabTo(page, ":checked");
      await page.keyboard.press("ArrowDown");
      await doIt("paused-for-longer");
      assert.deepEqual(await states(), ["paused"]);
      await page.goto(home);
      await show("my-paused");
      await toAct("resume");
      await doIt("resumed");
      assert.deepEqual(await states(), ["active"]);
    });

    test("goes slower", async () => {
      const before = await pace();
      await toAct("slower");
      await doIt("slower");
      const after = await pace();
      assert.ok(after > before, `${before}, then ${after}`);
    });

    test("has the next lesson now, as soon as the last one is an hour old", async () => {
      await until("an hour", () => toAct("next-now").then(() => page.locator("main form button").count()));
      await doIt("next-now");
      second = (await site.mailTo(address, 3)).subject;
    });

    test("has the last one again", async () => {
      await toAct("again");
      await doIt("again");
      assert.ok((await page.innerText("ol.dates")).includes(second), `“${second}” comes again`);
    });

    test("lives elsewhere now", async () => {
      await page.goto(home);
      await press(page, "a[href$='/settings']");
      await fill(page, "#zone", "Melb");
      await doIt("zone");
      assert.equal((await person()).zone, "Australia/Melbourne");
    });

    test("changes the address: a mail to the new one asks, the old one is told", async () => {
      await page.goto(home);
      await press(page, "a[href$='/address']");
      const [old, next] = [address, `ana.now.${language}@example.org`];
      await fill(page, "#email", next);
      await press(page, "main form button");
      await show("address-asked");
      assert.deepEqual(await states(), ["active"]);
      await follow(await site.mailTo(next, 1), "confirm");
      await show("new-address");
      await press(page, "main form button");
      await show("address-changed");
      address = next;
      assert.deepEqual(await states(), ["active"]);
      const farewell = (mail) => mail.to === old && !mail.html.includes("/my/") && !mail.html.includes("/confirm/");
      await until("the old address to be told", async () => (await site.mails()).some(farewell));
    });

    test("takes along what is stored", async () => {
      await page.goto(home);
      await tabTo(page, "a[href$='/export']");
      const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
      // The browser stays where it is, and calls that a failure.
      page.trouble.splice(0);
      const kept = JSON.parse(await readFile(await download.path(), "utf8"));
      assert.equal(download.suggestedFilename(), "my-data.json");
      assert.deepEqual([kept.person.address, kept.places.length, kept.answers.length], [address, 1, 1]);
    });

    test("leaves, says why, and could take it back", async () => {
      const link = await follow(await site.mailTo(`ana.${language}@example.org`, 2), "leave");
      await show("leave");
      assert.deepEqual(await states(), ["active"]);
      await press(page, "form button");
      await show("left");
      assert.deepEqual(await states(), ["left"]);
      await fill(page, "#reason", "I have what I came for.");
      await press(page, "form:has(#reason) button");
      await show("left-why");
      assert.match(JSON.stringify((await site.dump()).farewell), /I have what I came for/);
      await page.goto(link);
      await show("left-before");
      await page.goto(home);
      await show("my-left");
    });

    test("comes back the way they came", async () => {
      const before = (await site.mails()).filter((it) => it.to === address).length;
      await signUp();
      await follow(await site.mailTo(address, before + 1), "confirm");
      await press(page, "form button");
      assert.deepEqual(await states(), ["left", "active"]);
      await site.mailTo(address, before + 2);
    });

    for (const kind of ["confirm", "leave", "view", "act", "my", "answer"]) {
      test(`a link to ${kind} that was cut says so`, async () => {
        await page.goto(`${site.url}/${kind}/abc`);
        await show(`${kind}-cut`);
      });
    }
  });
}
