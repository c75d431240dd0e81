// A site as its operator has it: a folder, a mailbox that plays the relay, the daemon, and the mails that came. Knows no page.
import { execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "./tools.mjs";

const here = new URL(".", import.meta.url).pathname;
const execute = promisify(execFile);
/** Longest that anything may take that another process does at once, in ms. */
const SOON = 30_000;
const BETWEEN_LOOKS = 20;

/** Asks again and again until there is an answer, and returns it. */
export async function until(what, look, told = () => "") {
  const end = Date.now() + SOON;
  for (;;) {
    const answer = await look();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${SOON / 1000} s in vain for ${what}\n${await told()}`);
    await new Promise((go) => setTimeout(go, BETWEEN_LOOKS));
  }
}

export class Site {
  #folder;
  #environment;
  #processes = [];
  #read = new Map();

  /** A new site with the courses beside this file, or those in another folder; nothing runs yet. */
  static async make({ files = join(here, "site") } = {}) {
    const site = new Site();
    site.#folder = await mkdtemp(join(tmpdir(), "dripline-browser-"));
    const port = await freePort();
    site.url = `http://127.0.0.1:${port}`;
    site.#environment = {
      PATH: process.env.PATH,
      DRIPLINE__SITE__NAME: "Steady Ground",
      DRIPLINE__SITE__URL: site.url,
      DRIPLINE__SITE__POSTAL_ADDRESS: "12 Rue Exemple, Montréal",
      DRIPLINE__WEB__LISTEN: `127.0.0.1:${port}`,
    };
    await execute(program, ["init", site.#path("site")]);
    await cp(files, site.#path("site"), { recursive: true });
    return site;
  }

  /** Changes a file of the courses, or writes a new one. */
  async edit(path, change) {
    const file = this.#path(join("site/courses", path));
    await writeFile(file, change(await readFile(file, "utf8").catch(() => "")));
  }

  /** Starts mailbox and daemon; `day` shortens the day, as in `2s`. Returns when the pages are there. */
  async serve({ day } = {}) {
    const mailbox = this.#start("mailbox", ["mailbox", "--listen", "127.0.0.1:0", "--folder", this.#path("mails")]);
    const printed = () => readFile(this.#path("mailbox.out"), "utf8");
    this.#environment.DRIPLINE__RELAY__0__URL = await until("the mailbox", async () => {
      alive(mailbox);
      return (await printed()).trim();
    }, () => this.told());
    const daemon = this.#start("daemon", ["serve", ...(day ? ["--day", day] : [])]);
    await until("the daemon", async () => {
      alive(daemon);
      return (await fetch(`${this.url}/readyz`).catch(() => ({ ok: false }))).ok;
    }, () => this.told());
  }

  /** Starts the preview of the courses, which needs neither mailbox nor daemon; returns where it is. */
  async preview() {
    const started = this.#start("preview", ["preview", "--listen", "127.0.0.1:0"]);
    const printed = () => readFile(this.#path("preview.out"), "utf8");
    return until("the preview", async () => {
      alive(started);
      return (await printed()).trim();
    }, () => this.told());
  }

  /** Standard output of a command that must go well. */
  async run(...words) {
    const { stdout } = await execute(program, words, { cwd: this.#path("site"), env: this.#environment });
    return stdout;
  }

  /** What a command prints with `--json`. */
  async json(...words) {
    return JSON.parse(await this.run(...words, "--json"));
  }

  /** Ends daemon and mailbox, both of which must end well, and removes the folder. */
  async stop() {
    const failed = [];
    for (const one of this.#processes.reverse()) {
      one.kill("SIGTERM");
      await until("the end of a program", () => one.exitCode !== null || one.signalCode !== null, () => this.told());
      if (one.exitCode !== 0) failed.push(`${one.spawnargs.join(" ")} ended with ${one.exitCode ?? one.signalCode}`);
    }
    const told = failed.length ? await this.told() : "";
    await rm(this.#folder, { recursive: true });
    if (failed.length) throw new Error(`${failed.join("\n")}\n${told}`);
  }

  /** What mailbox, daemon and preview wrote to standard error. */
  async told() {
    const texts = ["mailbox", "daemon", "preview"].map((name) => readFile(this.#path(`${name}.err`), "utf8").catch(() => ""));
    return (await Promise.all(texts)).join("");
  }

  /** Every row of every table, by table. */
  async dump() {
    const database = this.#path("site/data/dripline.db");
    const { stdout } = await execute("python3", [join(here, "dump.py"), database], { maxBuffer: 1 << 28 });
    return JSON.parse(stdout);
  }

  /** Every mail that has come, in the order of acceptance. */
  async mails() {
    const names = await readdir(this.#path("mails")).catch(() => []);
    const all = names.filter((name) => name.endsWith(".eml")).sort();
    const unread = all.filter((name) => !this.#read.has(name));
    if (unread.length) {
      const paths = unread.map((name) => this.#path(join("mails", name)));
      const { stdout } = await execute("python3", [join(here, "read_mail.py"), ...paths], { maxBuffer: 1 << 28 });
      JSON.parse(stdout).forEach((mail, at) => this.#read.set(unread[at], { ...mail, links: links(mail) }));
    }
    return all.map((name) => this.#read.get(name));
  }

  /** Waits for the mail with this number, from 1, among those to this address. */
  mailTo(address, number) {
    return this.#mail(`mail ${number} to ${address}`, (mails) => mails.filter((it) => it.to === address)[number - 1]);
  }

  /** Waits for the first mail to this address whose subject begins so. */
  mailOf(address, subject) {
    const wanted = (mail) => mail.to === address && mail.subject.startsWith(subject);
    return this.#mail(`“${subject}” to ${address}`, (mails) => mails.find(wanted));
  }

  async #mail(what, choose) {
    const came = async () => (await this.mails()).map((mail) => `${mail.to}: ${mail.subject}`).join("\n");
    return until(what, async () => choose(await this.mails()), async () => `what came:\n${await came()}\n${await this.told()}`);
  }

  #path(below) {
    return join(this.#folder, below);
  }

  #start(name, words) {
    const [out, err] = ["out", "err"].map((end) => openSync(this.#path(`${name}.${end}`), "a"));
    const environment = { ...this.#environment, TMPDIR: this.#folder };
    const started = spawn(program, words, { cwd: this.#path("site"), env: environment, stdio: ["ignore", out, err] });
    [out, err].forEach(closeSync);
    process.once("exit", () => started.kill("SIGKILL"));
    this.#processes.push(started);
    return started;
  }
}

/** Every address that a mail's HTML, text and headers lead to, each once. */
function links({ html, text, headers }) {
  const quoted = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address.replaceAll("&amp;", "&"));
  const bare = [...`${text}\n${headers["list-unsubscribe"] ?? ""}`.matchAll(/https?:\/\/[^\s<>()[\]]+/g)].map(([address]) => address);
  return [...new Set([...quoted, ...bare])];
}

function alive(started) {
  if (started.exitCode !== null) throw new Error(`${started.spawnargs.join(" ")} ended with ${started.exitCode}`);
}

/** Below the ports that systems give to outgoing connections, so that none of those takes it before the daemon does. */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise((tell) => {
      const server = createServer().once("error", () => tell(false));
      server.listen(port, "127.0.0.1", () => server.close(() => tell(true)));
    });
    if (free) return port;
  }
}
