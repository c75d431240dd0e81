"use strict";
// Follows what is saved: what changed on the page is exchanged, frames load again, and everything else stays as it was.

const page = { number: document.body.dataset.number, course: document.body.dataset.course ?? null };
const LIVE = "[data-live]";
const LOST = "The preview has ended, or is out of reach. This page goes on when it is back.";

/** Each part as it came, before frames were measured. */
const came = new Map([...document.querySelectorAll(LIVE)].map((part) => [part.id, part.outerHTML]));

/** As tall as its mail, so that the page scrolls and not the frame. */
function fit(frame) {
  const whole = frame.contentDocument?.documentElement;
  if (!whole || !whole.scrollHeight) return;
  frame.style.height = "0";
  frame.style.height = `${Math.max(whole.scrollHeight, 160)}px`;
}

function fitAll() {
  const top = window.scrollY;
  document.querySelectorAll("iframe").forEach(fit);
  window.scrollTo({ top, behavior: "instant" });
}

function follow(frame) {
  frame.addEventListener("load", () => {
    const top = window.scrollY;
    fit(frame);
    window.scrollTo({ top, behavior: "instant" });
  });
  if (frame.contentDocument?.readyState === "complete") fit(frame);
}

/** Loads what the page would be now, and exchanges what differs. */
async function look(again) {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  page.number = fresh.body.dataset.number ?? page.number;
  document.title = fresh.title;
  const parts = [...fresh.querySelectorAll(LIVE)];
  const known = parts.length === came.size && parts.every((part) => came.has(part.id));
  if (!known) {
    document.querySelector("main").replaceWith(document.adoptNode(fresh.querySelector("main")));
    came.clear();
    document.querySelectorAll(LIVE).forEach((part) => came.set(part.id, part.outerHTML));
    document.querySelectorAll("iframe").forEach(follow);
    return;
  }
  for (const part of parts) {
    const html = part.outerHTML;
    const old = document.getElementById(part.id);
    if (came.get(part.id) !== html) {
      came.set(part.id, html);
      const open = [...old.querySelectorAll("details")].map((it) => it.open);
      old.replaceWith(document.adoptNode(part));
      part.querySelectorAll("details").forEach((it, at) => { it.open = open[at] ?? it.open; });
      part.querySelectorAll("iframe").forEach(follow);
    } else if (again) {
      // In the place of what it shows, so that the way back stays the way back.
      old.querySelectorAll("iframe").forEach((frame) => frame.contentWindow.location.replace(frame.src));
    }
  }
}

/** One look at a time; what comes meanwhile is looked at behind it. */
let looking = null;
let wanted = null;
function lookSoon(again) {
  if (looking) {
    wanted = (wanted ?? false) || again;
    return;
  }
  looking = look(again).catch(() => {}).finally(() => {
    looking = null;
    const next = wanted;
    wanted = null;
    if (next !== null) lookSoon(next);
  });
}

const concerns = (course) => course === null || page.course === null || course === page.course;

let events = null;
function listen() {
  if (events) return;
  events = new EventSource("/changes");
  events.addEventListener("open", () => { document.getElementById("lost").textContent = ""; });
  events.addEventListener("error", () => { document.getElementById("lost").textContent = LOST; });
  events.addEventListener("at", ({ data }) => { if (data !== page.number) lookSoon(true); });
  events.addEventListener("changed", ({ data }) => {
    const { number, course } = JSON.parse(data);
    if (concerns(course)) lookSoon(true);
    else page.number = number;
  });
  events.addEventListener("found", ({ data }) => { if (concerns(JSON.parse(data).course)) lookSoon(false); });
}

/** A browser keeps few connections to one address; a page that nobody sees leaves its own to others. */
function rest() {
  events?.close();
  events = null;
}

document.querySelectorAll("iframe").forEach(follow);
window.addEventListener("resize", fitAll);
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
window.addEventListener("pagehide", rest);
window.addEventListener("pageshow", () => { if (!document.hidden) listen(); });
