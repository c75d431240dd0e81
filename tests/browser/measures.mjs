// Measurements inside a page. Each function runs in the browser, so it stands alone.

/** Where the page is wider than its window, and targets below 44 pixels (WCAG 2.2, 2.5.5; links in sentences excepted). */
export function layoutTroubles() {
  const LEAST = 44;
  const found = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`scrolls sideways: ${scrollWidth} pixels in ${clientWidth}`);

  // A row of links with dots between them is no sentence.
  const inSentence = (element) => {
    if (element.tagName !== "A" || getComputedStyle(element).display !== "inline") return false;
    const around = element.closest("p, li, td, th, dd, blockquote, h1, h2, h3, div") ?? document.body;
    const alone = [...around.querySelectorAll("a")].reduce((text, link) => text.replace(link.innerText, ""), around.innerText);
    return /\p{L}/u.test(alone);
  };
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    const boxes = [element, ...(element.labels ?? [])].filter((it) => it === element || it.contains(element));
    const rects = boxes.map((it) => it.getBoundingClientRect()).filter((it) => it.width && it.height);
    const hidden = !rects.length || element.closest("[aria-hidden=true], [inert]");
    if (hidden || inSentence(element)) continue;
    const [width, height] = ["width", "height"].map((side) => Math.max(...rects.map((rect) => rect[side])));
    if (width < LEAST - 0.5 || height < LEAST - 0.5) {
      found.push(`a target of ${Math.round(width)} × ${Math.round(height)} pixels: ${element.outerHTML.slice(0, 200)}`);
    }
  }
  return found;
}

/** Where the page isn't in this language, or doesn't run the way that it is written. */
export function languageTroubles(wanted) {
  const root = document.documentElement;
  const locale = new Intl.Locale(wanted);
  const { direction } = locale.getTextInfo?.() ?? locale.textInfo;
  const found = root.lang === wanted ? [] : [`the page is in “${root.lang}”, its reader reads “${wanted}”`];
  if (getComputedStyle(root).direction !== direction) found.push(`“${wanted}” runs ${direction}, this page doesn't`);
  return found;
}

/** What has the focus (null: nothing), and why nobody would see it: no ring, or one that hardly stands out (3:1, WCAG 2.2, 1.4.11). */
export function focusTroubles() {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return { at: null, troubles: [] };
  const at = [...document.querySelectorAll("*")].indexOf(element);
  const style = getComputedStyle(element);
  const rect = element.getBoundingClientRect();
  const told = element.outerHTML.slice(0, 200);
  const troubles = [];
  if (!rect.width || !rect.height) troubles.push(`the focus is on something invisible: ${told}`);

  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = channels(colour).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isOpaque = (colour) => (channels(colour)[3] ?? 1) === 1;
  let ground = element.parentElement;
  while (ground.parentElement && !isOpaque(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
  const behind = getComputedStyle(ground).backgroundColor;
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) {
    if (style.outlineStyle !== "auto") troubles.push(`no ring shows the focus on ${told}`);
  } else if (style.outlineStyle !== "auto" && isOpaque(behind)) {
    const [a, b] = [luminance(style.outlineColor), luminance(behind)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 3) troubles.push(`the ring of the focus has a contrast of ${contrast.toFixed(1)} on ${told}`);
  }
  return { at, troubles };
}
