// `live-guard="Leave without saving?"`, on a form or around several: marks controls with unsaved input, and the element itself,
// with `data-dirty`. While there are any, the page asks this question before it is left; without a text it doesn't ask.

/** @import { Features } from "../interface.js" */
import { controlsOf, isControl } from "../core/controls.js";
import { isDirty } from "./dirty.js";
import { getAttribute, hasAttribute, matches, querySelectorAll, toggleAttribute } from "./members.js";

const GUARD = "live-guard";
const DIRTY = "data-dirty";

/** @type {Features["unsaved"]} */
export const feature = { allowLeaving, confirmLeaving, markUnsaved, start, unmarkUnsaved };

/** Whether the page may be left without asking: the user has agreed, or a form or an action leads to another page. */
let leaving = false;

/** Update the marks after input, resets and patches. */
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

/** Remove all marks, before the page is compared with a new one: the server doesn't render them. */
function unmarkUnsaved() {
  for (const element of document.querySelectorAll(`[${DIRTY}]`)) setDirty(element, false);
}

/** Update the marks of controls with unsaved input. */
function markUnsaved() {
  for (const guard of document.querySelectorAll(`[${GUARD}]`)) {
    const controls = (guard instanceof HTMLFormElement ? controlsOf(guard) : [...querySelectorAll(guard, "*")]).filter(isControl);
    const dirty = new Set(controls.filter(isDirty));
    for (const control of controls) setDirty(control, dirty.has(control));
    setDirty(guard, dirty.size > 0);
  }
  // Only while there is unsaved input: this listener keeps pages out of the back/forward cache.
  if (question()) addEventListener("beforeunload", askBeforeUnload);
  else removeEventListener("beforeunload", askBeforeUnload);
}

/** Mark an element, or remove its mark. @param {Element} element @param {boolean} dirty */
function setDirty(element, dirty) {
  if (hasAttribute(element, DIRTY) !== dirty) toggleAttribute(element, DIRTY, dirty);
}

/** The question to ask before the page is left; null if there is no unsaved input. */
function question() {
  for (const guard of leaving ? [] : document.querySelectorAll(`[${GUARD}][${DIRTY}]`)) {
    const text = getAttribute(guard, GUARD);
    if (text) return text;
  }
  return null;
}

/** Make the browser ask before it leaves the page. @param {Event} event */
function askBeforeUnload(event) {
  if (question()) event.preventDefault(); // browsers show a text of their own
}

/** Ask whether to leave a page with unsaved changes. Return whether it may be left. */
function confirmLeaving() {
  const text = question();
  leaving = text === null || confirm(text);
  return leaving;
}

/** Leave the page without asking, since an action redirects. */
function allowLeaving() {
  leaving = true;
}
