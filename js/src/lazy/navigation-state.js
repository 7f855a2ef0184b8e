// Shows the state of navigation in attributes: `aria-current="page"` on `live-nav` links in a `nav` that lead to the current
// page, and `data-navigating` on the root element while another page is loading. Also stores and restores scroll positions.

import { getAttribute, scrollLeft, scrollTo, scrollTop } from "./members.js";

const CURRENT = "aria-current";
const NAV = ":is(nav,[role=navigation])"; // elsewhere, a link to the page is part of a text
const MOMENT = 200; // ms until `data-navigating` is set

/** @type {Set<Element>} links that this module has marked; attributes rendered by the server are left alone */
const marked = new Set();
let timer = 0;

/** Keep the links marked from now on. */
export function watchCurrent() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "after") markCurrent();
  });
  markCurrent();
}

/** Mark the links that lead to the current address. */
export function markCurrent() {
  for (const link of marked) if (!link.isConnected || !isHere(/** @type {HTMLAnchorElement} */ (link))) unmark(link);
  for (const link of document.querySelectorAll(`${NAV} a[href]:is([live-nav],[live-nav] *)`)) {
    if (!(link instanceof HTMLAnchorElement) || link.hasAttribute(CURRENT) || !isHere(link)) continue;
    link.setAttribute(CURRENT, "page");
    marked.add(link);
  }
}

/** Remove all marks, before the page is compared with a new one: the server doesn't render them. */
export const unmarkCurrent = () => marked.forEach(unmark);

/** @param {Element} link */
function unmark(link) {
  marked.delete(link);
  link.removeAttribute(CURRENT);
}

/** Whether a link leads to the current address. @param {HTMLAnchorElement} link */
const isHere = ({ origin, pathname, search }) => origin === location.origin && pathname === location.pathname && search === location.search;

/** Show that another page is loading, unless it comes soon. */
export function beginNavigating() {
  clearTimeout(timer);
  timer = setTimeout(() => { document.documentElement.dataset.navigating = ""; }, MOMENT);
}

/** Stop showing that a page is loading. */
export function endNavigating() {
  clearTimeout(timer);
  delete document.documentElement.dataset.navigating;
}

// Scroll positions of elements, by their ids.

/** @typedef {[id: string, left: number, top: number]} Scrolled */

/** The scroll positions of all elements with an id. @returns {Scrolled[]} */
export const scrolledBoxes = () => [...document.querySelectorAll("[id]")]
  .filter((box) => scrollLeft(box) || scrollTop(box))
  .map((box) => [getAttribute(box, "id") ?? "", scrollLeft(box), scrollTop(box)]);

/** Restore scroll positions. @param {Scrolled[]} boxes */
export function restoreBoxes(boxes) {
  for (const [id, left, top] of boxes) {
    const box = document.getElementById(id);
    if (box) /** @type {any} */ (scrollTo)(box, { left, top, behavior: "instant" });
  }
}
