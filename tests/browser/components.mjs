// The lessons that show every component, as mails that a real daemon sent: for the tests, and for the pictures of docs/components.md.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Site } from "./site.mjs";

export const folder = join(new URL(".", import.meta.url).pathname, "components");
const course = join(folder, "courses/components");

/** The lessons in their order. */
export async function lessons() {
  const [, list] = /^lessons = \[(.*)\]$/m.exec(await readFile(join(course, "course.toml"), "utf8"));
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
}

/** What a coach writes for a lesson, without its head. */
export async function written(lesson) {
  return (await readFile(join(course, `${lesson}.md`), "utf8")).split("+++\n").slice(2).join("+++\n");
}

/** A site with these lessons, served. */
export async function serve() {
  const site = await Site.make({ files: folder });
  await site.serve();
  return site;
}

/** Sends a lesson as a test, and returns its mail. */
export async function send(site, lesson) {
  const to = `${lesson}@example.org`;
  await site.run("send-test", `components/${lesson}`, "--to", to);
  return site.mailTo(to, 1);
}

/**
 * Shows a mail in a page. A browser keeps pages of other hosts from what is served on this machine, so it stands on the site itself; and
 * where mails are read, the program around them has the landmarks.
 */
export async function show(page, site, mail) {
  const address = `${site.url}/mail`;
  const body = mail.html.replace(' aria-roledescription="email"', "").replace(' role="article"', ' role="main"');
  await page.route(address, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body }));
  await page.goto(address);
  await page.unroute(address);
}
