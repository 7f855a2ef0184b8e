// Makes the server prepare the page of a `live-nav` link before it is followed: when the pointer rests on the link or presses it,
// or when it has the focus. When the link is followed, the server only has to send the page. `live-nav="still"` disables this.

import { PREFETCH } from "../core/wire.js";
import { core } from "./bridge.js";
import { load } from "./loading.js";
import { closest, getAttribute } from "./members.js";

const REST = 80; // ms for which the pointer or the focus has to rest on a link
const KEPT = 4_000; // ms: slightly less than the server keeps a prepared page

let timer = 0;
/** The address that was prefetched last, and when. */
let ahead = "", at = 0;

/**
 * Prefetch the pages of links.
 * @param {(event: Event) => HTMLAnchorElement | null} find finds the link that an event is on, if it leads to another page
 */
export function watchIntents(find) {
  const soon = (/** @type {Event} */ event) => {
    clearTimeout(timer);
    if (find(event)) timer = setTimeout(() => prefetch(find(event)), REST);
  };
  addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") soon(event); });
  addEventListener("focusin", soon);
  addEventListener("pointerdown", (event) => prefetch(find(event))); // touch has no hover
  addEventListener("live:patch", () => { ahead = ""; });
}

/** Ask the server to prepare a link's page, unless the user saves data. @param {HTMLAnchorElement | null} link */
function prefetch(link) {
  const { saveData, effectiveType } = /** @type {any} */ (navigator).connection ?? {};
  if (!link || saveData || /2g/.test(effectiveType)) return;
  if (getAttribute(/** @type {Element} */ (closest(link, "[live-nav]")), "live-nav") === "still") return;
  const url = link.pathname + link.search;
  if (url === ahead && performance.now() - at < KEPT) return;
  try {
    core.write([0, 0, PREFETCH, url]);
  } catch { // the socket is connecting
    return;
  }
  ahead = url;
  at = performance.now();
  load("pages");
}
