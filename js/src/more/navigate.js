// Ways to other pages over the same connection, and to other queries of the same one. The browser loads what is no live page,
// and whatever would have to wait for an action.

import { core } from "./core.js";
import { ELSEWHERE, FIELD_SNAPSHOT, KEPT, NAVIGATE, OK } from "../wire.js";

/** The address that the page shows, or is about to. */
let shown = cleanAddress();
/** The entry of the history that it has; of those of this document, where they were scrolled to. */
let entry = history.state?.live ?? 0;
/** @type {Map<number, [x: number, y: number]>} */
const scrolls = new Map();

export function watchNavigation() {
  addEventListener("click", follow);
  addEventListener("popstate", comeBack);
  // Only this document knows where its entries were scrolled to.
  addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
}

/** A post is answered at an address with a handle: opened again it would show an old state. */
function cleanAddress() {
  const url = new URL(location.href);
  if (url.searchParams.has(FIELD_SNAPSHOT)) {
    url.searchParams.delete(FIELD_SNAPSHOT);
    history.replaceState(history.state, "", url);
  }
  return location.href;
}

/** @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element && event.target.closest("a");
  const { live } = document.documentElement.dataset;
  if (!link || !link.closest("[live-nav]") || live === "closed" || event.defaultPrevented) return;
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (isShown(link) && link.hash) return; // the browser does it
  if (link.pathname !== location.pathname && (live !== "open" || waits())) return;
  event.preventDefault();
  addressed(link.href, link.href !== location.href);
  go(1, link);
}

/**
 * Makes an address the page's own.
 * @param {string} url
 * @param {unknown} push whether it is another entry of the history
 */
export function addressed(url, push) {
  if (push) {
    scrolls.set(entry, [scrollX, scrollY]);
    history.pushState({ live: ++entry }, "", url);
    history.scrollRestoration = "manual";
  } else history.replaceState(history.state, "", url);
  shown = location.href;
}

/** Whether only the hash differs, if anything. @param {{ href: string }} way */
const isShown = ({ href }) => href.split("#")[0] === shown.split("#")[0];

function comeBack() {
  scrolls.set(entry, [scrollX, scrollY]);
  entry = history.state?.live ?? 0;
  if (isShown(location)) return restoreScroll();
  if (new URL(shown).pathname !== location.pathname && waits()) return location.reload();
  shown = location.href;
  go();
}

/** Whether an op holds up those after it. */
const waits = () => core.pending().some(({ running }) => !running);

/** Tells the server the new address. @param {1} [push] not when it comes from the history @param {Element} [cause] the link */
function go(push, cause) {
  const url = location.pathname + location.search + location.hash;
  core.perform({
    build: () => (push ? [NAVIGATE, url, push] : [NAVIGATE, url]),
    cause,
    ended(status) {
      if (status === OK || status === KEPT) push ? scrollToHash() : restoreScroll();
      else if (status !== ELSEWHERE) location.reload(); // the browser shows what is there, or why not
    },
  });
}

/** To where the entry was left, if this document knows. */
export function restoreScroll() {
  const place = scrolls.get(entry);
  if (place) scrollTo(...place);
  else scrollToHash();
}

/** @returns {Element | null} what the address names, now in view */
export function scrollToHash() {
  const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  element?.scrollIntoView();
  return element;
}
