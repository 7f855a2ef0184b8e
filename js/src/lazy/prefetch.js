// The page to which a link with `live-nav` leads is loaded ahead, on the server, when a pointer rests on the link or presses it,
// or when it has the focus: when it is followed, only its HTML has to travel. Links with `live-nav="still"` load nothing ahead.

import { PREFETCH } from "../core/wire.js";
import { core } from "./bridge.js";
import { load } from "./loading.js";
import { closest, getAttribute } from "./members.js";

const REST = 80; // ms that a pointer or the focus rests on a link
const KEPT = 4_000; // ms: a bit less than the server keeps a page

let timer = 0;
/** What was loaded ahead, and when. */
let ahead = "", at = 0;

/** @param {(event: Event) => HTMLAnchorElement | null} find the link that an event is on, if a click would lead to another page now */
export function watchIntents(find) {
  const soon = (/** @type {Event} */ event) => {
    clearTimeout(timer);
    if (find(event)) timer = setTimeout(() => prefetch(find(event)), REST);
  };
  addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") soon(event); });
  addEventListener("focusin", soon);
  addEventListener("pointerdown", (event) => prefetch(find(event))); // fingers don't rest
  addEventListener("live:patch", () => { ahead = ""; });
}

/** @param {HTMLAnchorElement | null} link */
function prefetch(link) {
  const { saveData, effectiveType } = /** @type {any} */ (navigator).connection ?? {};
  if (!link || saveData || /2g/.test(effectiveType)) return;
  if (getAttribute(/** @type {Element} */ (closest(link, "[live-nav]")), "live-nav") === "still") return;
  const url = link.pathname + link.search;
  if (url === ahead && performance.now() - at < KEPT) return;
  try {
    core.write([0, 0, PREFETCH, url]);
  } catch { // the socket is being opened
    return;
  }
  ahead = url;
  at = performance.now();
  load("pages");
}
