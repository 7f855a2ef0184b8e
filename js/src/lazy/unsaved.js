// `live-guard="Leave without saving?"`, on a form or around several: `data-dirty` marks the controls whose state isn't what the
// server has rendered, and the element itself. As long as there is one, leaving the page asks first; without a text, nothing asks.

/** @import { Features } from "../interface.js" */
import { controlsOf, isControl } from "../core/controls.js";
import { isDirty } from "./dirty.js";
import { getAttribute, hasAttribute, matches, querySelectorAll, toggleAttribute } from "./members.js";

const GUARD = "live-guard";
const DIRTY = "data-dirty";

/** @type {Features["unsaved"]} */
export const feature = { allowLeaving, confirmLeaving, markUnsaved, start, unmarkUnsaved };

/** The visitor has agreed to leave, or a form or an action leads away. */
let leaving = false;

function start() {
  addEventListener("input", ({ target }) => {
    leaving = false;
    if (target instanceof Element && matches(target, `[${GUARD}] *,[form]`)) markUnsaved();
  });
  addEventListener("reset", () => queueMicrotask(markUnsaved)); // when the browser has reset the controls
  addEventListener("submit", ({ defaultPrevented }) => { leaving ||= !defaultPrevented; });
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") return;
    leaving = false;
    markUnsaved();
  });
  markUnsaved();
}

/** The whole page is about to be compared with a new one, of which the server knows nothing but its own attributes. */
function unmarkUnsaved() {
  for (const element of document.querySelectorAll(`[${DIRTY}]`)) setDirty(element, false);
}

/** Mark what isn't saved. */
function markUnsaved() {
  for (const guard of document.querySelectorAll(`[${GUARD}]`)) {
    const controls = (guard instanceof HTMLFormElement ? controlsOf(guard) : [...querySelectorAll(guard, "*")]).filter(isControl);
    const dirty = new Set(controls.filter(isDirty));
    for (const control of controls) setDirty(control, dirty.has(control));
    setDirty(guard, dirty.size > 0);
  }
  // Only while there is something to lose: pages with this listener aren't kept for Back.
  if (question()) addEventListener("beforeunload", askBeforeUnload);
  else removeEventListener("beforeunload", askBeforeUnload);
}

/** @param {Element} element @param {boolean} dirty */
function setDirty(element, dirty) {
  if (hasAttribute(element, DIRTY) !== dirty) toggleAttribute(element, DIRTY, dirty);
}

/** What to ask before the page is left; null if there is nothing to lose. */
function question() {
  for (const guard of leaving ? [] : document.querySelectorAll(`[${GUARD}][${DIRTY}]`)) {
    const text = getAttribute(guard, GUARD);
    if (text) return text;
  }
  return null;
}

/** @param {Event} event */
function askBeforeUnload(event) {
  if (question()) event.preventDefault(); // the browser asks in its own words
}

/** Ask before the page is replaced by another one. Return whether it may be. */
function confirmLeaving() {
  const text = question();
  leaving = text === null || confirm(text);
  return leaving;
}

/** The page is left because of what an action has answered. */
function allowLeaving() {
  leaving = true;
}
