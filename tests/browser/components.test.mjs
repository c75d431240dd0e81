// Every component as its readers get it: as a mail, wide and narrow, light and dark, and on the page of the mail; in a language that
// runs the other way, too. And docs/components.md says what its pictures were made of.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { lessons, send, serve, show, written } from "./components.mjs";
import { judge } from "./judges.mjs";

const names = await lessons();
let site;
let browser;
before(async () => {
  site = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

describe("each component in a mail and on its page", () => {
  for (const name of names) {
    test(name, async () => {
      const mail = await send(site, name);
      const page = await openPage(browser);
      await show(page, site, mail);
      await judge(page, `component-${name}`, { mail: true });
      await page.context().close();
    });
  }
});

test("in Hebrew they run the other way, and footnotes lead there and back on the page", async () => {
  const agreed = ["--confirmed", "--source", "a paper form"];
  await site.run("subscriber", "add", "noa@example.org", "--course", "components", "--language", "he", ...agreed);
  const mail = await site.mailTo("noa@example.org", 1);
  const page = await openPage(browser, { language: "he" });
  await show(page, site, mail);
  await judge(page, "component-he-mail", { mail: true });
  assert.equal(await page.locator("a[href^='#']").count(), 0, "no jumps within a mail");
  await page.goto(mail.links.find((link) => link.includes("/view/")));
  await judge(page, "component-he-page", { mail: true });
  await page.locator("sup a").first().click();
  assert.match(page.url(), /#note-1$/);
  await page.locator("#note-1 a[href='#note-1-ref']").click();
  assert.match(page.url(), /#note-1-ref$/);
});

test("the document shows what was written for each picture", async () => {
  const document = await readFile(new URL("../../docs/components.md", import.meta.url), "utf8");
  for (const name of names) {
    const text = (await written(name)).trim();
    assert.ok(document.includes(text), `docs/components.md doesn't have what ${name} was made of:\n${text}`);
    for (const scheme of ["light", "dark"]) assert.ok(document.includes(`images/components/${name}-${scheme}.png`), name);
  }
});
