// Away from the page, where an answer says so.

import { isFollowed } from "./swap.js";

/** @param {{ url: string, replace?: boolean }} way @param {number} [n] of the op that led there */
export function leave(way, n) {
  if (!isFollowed(way, n)) return;
  const target = new URL(way.url, document.baseURI);
  const [here] = location.href.split("#");
  const reload = target.hash && target.href.split("#")[0] === here;
  location[way.replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // the browser has only scrolled
}
