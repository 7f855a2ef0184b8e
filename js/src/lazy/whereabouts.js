// Where the visitor is and goes, in attributes: `aria-current="page"` on links to the page, in what has `live-nav`; and
// `data-navigating` on the root element while another page is being loaded for longer than a moment.

import { own } from "./parsing.js";

const CURRENT = "aria-current";
const MOMENT = 200; // ms

/** @type {Set<Element>} links that have the attribute from here: those of the server keep theirs */
const marked = new Set();
let timer = 0;

export function watchWhereabouts() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "after") markCurrent();
  });
  markCurrent();
}

/** Mark the links to the page, whose address may be another by now. */
export function markCurrent() {
  for (const link of marked) if (!link.isConnected || !isHere(/** @type {HTMLAnchorElement} */ (link))) unmark(link);
  for (const link of document.querySelectorAll("[live-nav] a[href],a[href][live-nav]")) {
    if (!(link instanceof HTMLAnchorElement) || link.hasAttribute(CURRENT) || !isHere(link)) continue;
    link.setAttribute(CURRENT, "page");
    marked.add(link);
  }
}

/** The whole page is about to be compared with a new one, of which the server knows nothing but its own attributes. */
export const unmarkCurrent = () => marked.forEach(unmark);

/** @param {Element} link */
function unmark(link) {
  marked.delete(link);
  link.removeAttribute(CURRENT);
}

/** @param {HTMLAnchorElement} link */
const isHere = ({ origin, pathname, search }) => origin === location.origin && pathname === location.pathname && search === location.search;

/** Another page is being loaded. */
export function beginNavigating() {
  clearTimeout(timer);
  timer = setTimeout(() => { document.documentElement.dataset.navigating = ""; }, MOMENT);
}

export function endNavigating() {
  clearTimeout(timer);
  delete document.documentElement.dataset.navigating;
}

// Boxes that scroll, by their ids: where they were when an entry of the history was left.

/** @typedef {[id: string, left: number, top: number]} Scrolled */

/** @returns {Scrolled[]} */
export const scrolledBoxes = () => [...document.querySelectorAll("[id]")]
  .filter(({ scrollLeft, scrollTop }) => scrollLeft || scrollTop)
  .map((box) => [String(own(box, "id")), box.scrollLeft, box.scrollTop]);

/** @param {Scrolled[]} boxes */
export function restoreBoxes(boxes) {
  for (const [id, left, top] of boxes) document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
}

// `live-keep`: an element that goes on in the next page as it is, if that has one of the same id with `live-keep`.

const KEEP = "live-keep";

/**
 * Put the elements that the next page keeps aside, where they stay in the document: what plays goes on.
 * @param {Document} next
 * @returns {() => void} puts them in the place of those of the next page
 */
export function keepElements(next) {
  const kept = [...document.querySelectorAll(`[${KEEP}][id]`)].filter((element) => next.getElementById(element.id)?.hasAttribute(KEEP));
  if (!kept.length) return () => {};
  const aside = document.createElement("div");
  aside.hidden = true;
  document.documentElement.append(aside);
  for (const element of kept) move(aside, element, null);
  return () => {
    for (const element of kept) {
      const replaced = [...document.querySelectorAll(`[id="${CSS.escape(element.id)}"]`)].find((one) => one !== element);
      if (!replaced?.parentNode) continue;
      move(replaced.parentNode, element, replaced);
      replaced.remove();
    }
    aside.remove();
  };
}

/** Without removing it from the document, where browsers can. @param {any} parent @param {Element} element @param {Node | null} before */
const move = (parent, element, before) => parent[parent.moveBefore ? "moveBefore" : "insertBefore"](element, before);
