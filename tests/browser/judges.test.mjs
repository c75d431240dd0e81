// A judge that finds nothing proves nothing: this page is wrong in every way that one of them must see.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { judge } from "./judges.mjs";

const WRONG = `<!doctype html>
<html lang="de" dir="rtl">
<head>
<title>Wrong</title>
<link rel="stylesheet" href="/style.css">
<style>
  body { background: #fff; }
  .wide { width: 2000px; }
  .pale { color: #999; background: #aaa; }
  .blind:focus { outline: none; }
  .faint:focus { outline: 3px solid #fefefe; }
  button, a { display: inline-block; padding: 20px; }
  .small { padding: 0; }
</style>
</head>
<body>
<main>
<h1>Wrong</h1>
<h1>Wrong</h1>
<p id="twice" class="wide">wide</p>
<p id="twice" class="pale">pale</p>
<p><a href="/" class="small">small</a></p>
<p>A link <a href="/" class="small" style="display: inline">in a sentence</a> may be small.</p>
<button type="button" class="blind">blind</button>
<button type="button" class="faint">faint</button>
<input>
</main>
<script>console.log("said")</script>
</body>
</html>`;

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test("each judge finds what is wrong, and only that", async () => {
  const page = await openPage(browser);
  await page.route("**/*", (route) => {
    const isPage = route.request().url() === "http://wrong.example/";
    return route.fulfill(isPage ? { contentType: "text/html", body: WRONG } : { status: 404 });
  });
  await page.goto("http://wrong.example/");
  const { actual } = await judge(page, "wrong").then(() => assert.fail("nothing was found"), (error) => error);
  const found = [
    "the page is in “de”, its reader reads “en”",
    "“en” runs ltr, this page doesn't",
    "log in the console: said",
    "http://wrong.example/style.css answers 404",
    'Duplicate ID "twice"',
    "<input> element does not have a <label>",
    "no ring shows the focus on <button type=\"button\" class=\"blind\">",
    "the ring of the focus has a contrast of 1.0 on <button type=\"button\" class=\"faint\">",
    "light, wide: scrolls sideways: 2",
    "dark, 320: scrolls sideways: 2",
    "pixels: <a href=\"/\" class=\"small\">small",
    "Form elements must have labels (label)",
    "(color-contrast)",
  ];
  for (const part of found) assert.ok(actual.some((it) => it.includes(part)), `not found: ${part}\n${actual.join("\n")}`);
  assert.ok(!actual.some((it) => it.includes("in a sentence")), actual.join("\n"));
});
