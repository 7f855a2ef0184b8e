// Ways within the page: the same path with another query.

import { core } from "./core.js";
import { NAVIGATE, OK } from "../wire.js";

/** The address that the page shows, or is about to. */
let shown = location.href;

export function watchNavigation() {
  addEventListener("click", follow);
  addEventListener("popstate", () => go());
}

/** @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element && event.target.closest("a");
  if (!link || !link.hasAttribute("live-nav") || document.documentElement.dataset.live === "closed" || event.defaultPrevented) return;
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download")) return;
  if (link.origin + link.pathname !== location.origin + location.pathname) return;
  if (isShown(link) && link.hash) return; // the browser does it
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, "", link.href);
  go(1);
}

/** Whether only the hash differs, if anything. @param {{ href: string }} way */
const isShown = ({ href }) => href.split("#")[0] === shown.split("#")[0];

/** Tells the server the new address. @param {1} [push] not when it comes from the history */
function go(push) {
  if (!push && isShown(location)) return;
  if (new URL(shown).pathname !== location.pathname) return location.reload();
  shown = location.href;
  const url = location.pathname + location.search + location.hash;
  core.perform({ build: () => (push ? [NAVIGATE, url, push] : [NAVIGATE, url]), ended });
}

/** @param {number} status */
function ended(status) {
  if (status === OK) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  else location.reload(); // the browser shows what is there, or why not
}
