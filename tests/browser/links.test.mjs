// Whoever opens links without a person behind them changes nothing: every link of every mail, asked by GET, by HEAD, and opened in a
// browser that runs scripts. Only a POST acts: that of a page's button, and that of a mail program (RFC 8058).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { Site } from "./site.mjs";

/** How long scripts may run in the open pages, in ms. */
const SCRIPTS_RUN = 10_000;
/** Who gets which mails before anything is opened, by subject: at the end nothing is due for years. */
const EXPECTED = {
  "ana@example.org": ["Welcome to small steps", "Noticing", "Looking back", "That was the last lesson of Small steps"],
  "noa@example.org": ["ברוכים הבאים לצעדים קטנים", "לשים לב", "מבט לאחור", "זה היה השיעור האחרון"],
  "lea@example.org": ["Setting out", "The first letter", "Good to have you back", "A bench"],
  "tom@example.org": ["Here", "Further on", "That was the last lesson of Signposts"],
  "new@example.org": ["Please confirm your sign-up"],
};

let site;
let browser;
let mails;
let links;
before(async () => {
  site = await Site.make();
  await site.edit("letters/course.toml", (text) => text.replace(/^issues = .*$/m, ""));
  await site.edit("letters/first-letter.md", (text) => text.replace("+++\n", `+++\ndate = ${tomorrow()}T09:00:00\n`));
  const add = (address, course, ...more) => site.run("subscriber", "add", address, "--course", course, ...more);
  const agreed = ["--confirmed", "--source", "a paper form"];
  await add("ana@example.org", "small-steps", "--field", "teacher=a friend", ...agreed);
  await add("noa@example.org", "small-steps", "--field", "teacher=a friend", "--language", "he", ...agreed);
  await add("lea@example.org", "long-road", ...agreed);
  await add("lea@example.org", "letters", ...agreed);
  await add("new@example.org", "long-road");
  await site.serve({ day: "1s" });
  await site.mailOf("lea@example.org", "Setting out");
  await site.run("subscriber", "pause", "lea@example.org", "--course", "long-road");
  // Whoever was away for a week is welcomed back.
  await add("tom@example.org", "signposts", ...agreed);
  await site.mailOf("tom@example.org", "Further on");
  await site.run("subscriber", "resume", "lea@example.org", "--course", "long-road");
  for (const [address, subjects] of Object.entries(EXPECTED)) {
    for (const subject of subjects) await site.mailOf(address, subject);
  }
  mails = await site.mails();
  links = [...new Set(mails.flatMap((mail) => mail.links))].filter((it) => it.startsWith(`${site.url}/`));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

/** A moment of `issues` would pass every hour, and be noted, while nothing else happens. */
function tomorrow() {
  return new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
}

/** Does this with each, some at a time. */
const inBatches = async (all, act) => {
  for (let at = 0; at < all.length; at += 8) await Promise.all(all.slice(at, at + 8).map(act));
};

/** Rows that have come or gone since this dump. */
const changedSince = async (earlier) => {
  const now = await site.dump();
  const lines = (dump) => Object.entries(dump).flatMap(([table, rows]) => rows.map((row) => `${table}: ${row}`));
  const [before, after] = [new Set(lines(earlier)), new Set(lines(now))];
  const gone = [...before].filter((line) => !after.has(line)).map((line) => `gone ${line}`);
  return [...gone, ...[...after].filter((line) => !before.has(line)).map((line) => `came ${line}`)];
};
/** Proves that a change would be seen. */
const changes = async (act) => {
  const earlier = await site.dump();
  await act();
  assert.notDeepEqual(await changedSince(earlier), []);
};
const post = (link, body) => fetch(link, { method: "POST", body, redirect: "manual" });
const oneClick = () => new URLSearchParams({ "List-Unsubscribe": "One-Click" });
const oneClickInParts = () => {
  const form = new FormData();
  form.set("List-Unsubscribe", "One-Click");
  return form;
};
const leaveLink = (mail) => mail.headers["list-unsubscribe"].match(/<(https?:[^>]+)>/)[1];
const states = async (address) => {
  const { enrolments } = await site.json("subscriber", "show", address);
  return Object.fromEntries(enrolments.map((it) => [it.course, it.state]));
};

test("there is a mail of every kind, and links of every kind", () => {
  const kinds = new Set(links.map((link) => new URL(link).pathname.split("/")[1]));
  for (const kind of ["confirm", "leave", "view", "image", "act", "my", "answer"]) assert.ok(kinds.has(kind), `no link to /${kind}/`);
  assert.ok(links.length > 25, `${links.length} links`);
});

test("opening every link of every mail changes nothing: GET, HEAD, and a browser that runs scripts", async () => {
  const earlier = await site.dump();
  assert.ok(earlier.outbox.length >= mails.length && earlier.enrolment.length === 6);
  await inBatches(links, async (link) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await fetch(link, { method });
      await answer.arrayBuffer();
      assert.equal(answer.status, 200, `${method} ${link}`);
    }
  });
  assert.deepEqual(await changedSince(earlier), [], "after GET and HEAD");

  const page = await openPage(browser);
  const tabs = [];
  await inBatches(links, async (link) => {
    const tab = await page.context().newPage();
    await tab.goto(link);
    tabs.push(tab);
  });
  assert.deepEqual([tabs.length, await tabs[0].evaluate("1 + 1")], [links.length, 2]);
  await page.waitForTimeout(SCRIPTS_RUN);
  assert.deepEqual(await changedSince(earlier), [], "after a browser has had them all open");
  await page.context().close();
});

for (const [encoding, body] of [["application/x-www-form-urlencoded", oneClick], ["multipart/form-data", oneClickInParts]]) {
  test(`a mail program leaves for its reader at once, as ${encoding}, and twice is as once`, async () => {
    const course = body === oneClick ? "long-road" : "letters";
    const subject = body === oneClick ? "Setting out" : "The first letter";
    const mail = await site.mailOf("lea@example.org", subject);
    assert.equal(mail.headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    assert.equal((await states("lea@example.org"))[course], "active");
    let first;
    await changes(async () => (first = await post(leaveLink(mail), body())));
    assert.equal((await states("lea@example.org"))[course], "left");
    const second = await post(leaveLink(mail), body());
    for (const answer of [first, second]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("set-cookie"), null);
    }
    assert.equal(await second.text(), await first.text());
  });
}

test("the button behind a link to confirm does act", async () => {
  const confirmation = await site.mailOf("new@example.org", "Please confirm");
  const link = confirmation.links.find((it) => it.includes("/confirm/"));
  await changes(async () => assert.equal((await post(link, new URLSearchParams())).status, 200));
  assert.deepEqual(await states("new@example.org"), { "long-road": "active" });
});
