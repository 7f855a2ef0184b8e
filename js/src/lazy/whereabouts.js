// Where the visitor is and goes, in attributes: `aria-current="page"` on the `live-nav` links of a `nav` that lead to the page; and
// `data-navigating` on the root element while another page is being loaded for longer than a moment.

import { getAttribute, scrollLeft, scrollTo, scrollTop } from "./members.js";

const CURRENT = "aria-current";
const NAV = ":is(nav,[role=navigation])"; // elsewhere, a link to the page is part of a text
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
  for (const link of document.querySelectorAll(`${NAV} a[href]:is([live-nav],[live-nav] *)`)) {
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
  .filter((box) => scrollLeft(box) || scrollTop(box))
  .map((box) => [getAttribute(box, "id") ?? "", scrollLeft(box), scrollTop(box)]);

/** @param {Scrolled[]} boxes */
export function restoreBoxes(boxes) {
  for (const [id, left, top] of boxes) {
    const box = document.getElementById(id);
    if (box) /** @type {any} */ (scrollTo)(box, { left, top, behavior: "instant" });
  }
}
