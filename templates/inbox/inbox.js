"use strict";
// Asks for what is new once a second, and lets the demo's clock run in between.

const shown = { mails: [], readers: [], whose: null, open: null, part: "html", site: "" };
let clock = null;

const element = (id) => document.getElementById(id);
const make = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

const readerOf = (address) => shown.readers.find((reader) => reader.address === address);
const zoneOf = (address) => readerOf(address)?.zone;
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const nameOf = (address) => readerOf(address)?.name || capital(address.split("@")[0]);
const moment = (ms, zone) =>
  new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone,
  }).format(new Date(ms));

function tick() {
  if (!clock) return;
  const now = clock.now + (performance.now() - clock.heard) * clock.speed;
  const places = [];
  for (const reader of shown.readers) {
    if (!places.some((place) => place.zone === reader.zone)) places.push(reader);
  }
  const parts = places.slice(0, 4).map((place) => {
    const city = place.zone.split("/").pop().replaceAll("_", " ");
    const part = make("span", "", "place");
    part.append(make("b", moment(now, place.zone)), make("small", city));
    return part;
  });
  element("clock").replaceChildren(...parts);
}

function drawPeople() {
  const addresses = [...new Set([...shown.readers.map((it) => it.address), ...shown.mails.map((it) => it.to)])];
  const chips = [null, ...addresses].map((address) => {
    const count = shown.mails.filter((mail) => address === null || mail.to === address).length;
    const chip = make("button", address === null ? "Everybody" : nameOf(address));
    chip.append(make("small", String(count)));
    chip.title = address === null ? "" : [address, readerOf(address)?.note].filter(Boolean).join(", ");
    chip.setAttribute("aria-pressed", String(shown.whose === address));
    chip.addEventListener("click", () => { shown.whose = address; draw(); });
    return chip;
  });
  element("people").replaceChildren(...chips);
}

function drawList() {
  const mails = shown.mails.filter((mail) => shown.whose === null || mail.to === shown.whose);
  mails.sort((a, b) => b.at - a.at || b.number - a.number);
  const items = mails.map((mail) => {
    const button = make("button", "");
    const zone = zoneOf(mail.to);
    button.append(
      make("b", mail.subject),
      make("span", `to ${nameOf(mail.to)}`),
      make("small", mail.at ? moment(mail.at, zone) : ""),
    );
    button.setAttribute("aria-current", String(shown.open === mail.number));
    button.addEventListener("click", () => { shown.open = mail.number; draw(); });
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  element("list").replaceChildren(...items);
  element("empty").hidden = items.length > 0;
}

let drawn = "";
function drawOpen() {
  const mail = shown.mails.find((it) => it.number === shown.open);
  element("reading").hidden = !mail;
  if (!mail) return;
  element("subject").textContent = mail.subject;
  const zone = zoneOf(mail.to);
  const city = zone ? `, in ${zone.split("/").pop().replaceAll("_", " ")}` : "";
  element("line").textContent = `From ${mail.from} to ${mail.to}, ${mail.at ? moment(mail.at, zone) : ""}${city}, ${Math.ceil(mail.size / 1024)} KB`;
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.setAttribute("aria-selected", String(tab.dataset.part === shown.part));
  }
  const address = `/mail/${mail.number}/${shown.part}`;
  if (drawn === address) return;
  drawn = address;
  element("shown").setAttribute("aria-labelledby", `tab-${shown.part}`);
  if (shown.part === "html") {
    const frame = document.createElement("iframe");
    frame.title = mail.subject;
    frame.src = address;
    element("shown").replaceChildren(frame);
  } else {
    fetch(address).then((answer) => answer.text()).then((text) => {
      if (drawn === address) element("shown").replaceChildren(make("pre", text));
    });
  }
}

function draw() {
  drawPeople();
  drawList();
  drawOpen();
}

async function look() {
  try {
    const answer = await fetch(`/mails.json?after=${shown.mails.length}`);
    const news = await answer.json();
    clock = { now: news.now, speed: news.speed, heard: performance.now() };
    element("site").href = news.site;
    const readersChanged = JSON.stringify(news.readers) !== JSON.stringify(shown.readers);
    shown.readers = news.readers;
    if (news.mails.length > 0 || readersChanged) {
      shown.mails.push(...news.mails);
      if (shown.open === null && news.mails.length > 0) {
        shown.open = news.mails.reduce((last, mail) => (mail.at >= last.at ? mail : last)).number;
      }
      draw();
    }
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
  }
  setTimeout(look, 700);
}

for (const tab of document.querySelectorAll("#tabs button")) {
  tab.addEventListener("click", () => { shown.part = tab.dataset.part; drawOpen(); });
}
setInterval(tick, 100);
look();
