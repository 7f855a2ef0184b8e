// Focus and caret across a patch: kept where they are.

import { loadMore } from "./more.js";

/** Where the focus is: browsers keep it there when what has the focus is removed. */
const place = new Range();

/**
 * Runs `work`, which changes the page.
 * @param {() => void} work
 */
export function keepFocus(work) {
  const active = /** @type {HTMLInputElement} */ (document.activeElement ?? document.body);
  const { selectionStart, selectionEnd } = active;
  place.selectNode(active);
  work();
  if (!active.isConnected) loadMore().then((more) => more?.refocus(active, place));
  // Null and undefined where a caret makes no sense.
  else if (selectionStart != null && active.selectionStart !== selectionStart)
    active.setSelectionRange(selectionStart, selectionEnd);
}
