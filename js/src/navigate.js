// Ways within the page (same path, another query) and away from it.

import { NAVIGATE } from "./wire.js";

/** @typedef {import("./client.js").Client} Client */

/** @type {Client} */
let client;
/** Path and query that the page shows, or is about to. */
let shown = "";

/** @param {Client} owner */
export function watchNavigation(owner) {
  client = owner;
  shown = location.pathname + location.search;
  addEventListener("click", follow);
  addEventListener("popstate", show);
}

/** @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element && event.target.closest("a");
  if (!link || !link.hasAttribute("live-nav") || event.defaultPrevented || client.closed) return;
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.target && link.target !== "_self" || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.pathname !== location.pathname) return;
  // Only another hash, or none: the browser does it.
  if (link.search === location.search && link.hash) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  go(1);
}

/** Back and forward. */
function show() {
  const [path] = shown.split("?");
  if (location.pathname !== path) location.reload();
  else if (location.pathname + location.search !== shown) go();
}

/** @param {number} [push] */
function go(push) {
  shown = location.pathname + location.search;
  const url = shown + location.hash;
  client.perform({ build: () => (push ? [NAVIGATE, url, push] : [NAVIGATE, url]) });
}

/**
 * The server sends us elsewhere.
 * @param {{ url: string, replace?: boolean }} way
 */
export function leave({ url, replace }) {
  const target = new URL(url, location.href);
  const [here] = location.href.split("#");
  if (target.hash && target.href.split("#")[0] === here) {
    // The browser would only scroll.
    history.replaceState(null, "", target);
    location.reload();
  } else if (replace) location.replace(target);
  else location.assign(target);
}
