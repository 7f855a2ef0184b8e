// Restores what users have in the page when a message replaces large parts of it: the whole page, or, if another worker has
// continued the session, the content of all slots that have changed meanwhile. That is unsaved input, chosen files, focus and
// caret, open elements, scroll positions, what `live-ignore` protects, and which elements wait for answers.
//
// An element is found again by its name, its form, and the innermost element with an id or `data-key` around it. If there are
// several like it, it is found by its order, provided that there are as many as before.

/** @import { Control, Features, Request } from "../interface.js" */
import { marksOf } from "../core/calls.js";
import { isCheckable, isControl } from "../core/controls.js";
import { MARK_TAG } from "../core/wire.js";
import { core } from "./bridge.js";
import { carryState, controlsIn } from "./carry.js";
import { isDirty } from "./dirty.js";
import { transferFocus } from "./focus.js";
import { ignoringElements, restoreIgnored } from "./ignore.js";
import { loaded } from "./loading.js";
import { closest, getAttribute, isConnected, localName, scrollLeft, scrollTo, scrollTop } from "./members.js";

const OPEN = ["details[open],dialog[open]:not([live-modal])", ":popover-open"]; // in this order, as modal dialogs close popovers

/** Whether the next message replaces large parts of the page. */
let isExpected = false;
/** @type {(() => void) | undefined} restores what was recorded before the patch */
let restore;
/** Whether that message replaces the page, and its session may not know what the user has typed. */
let isFresh = false;

/** @type {Features["restoring"]} */
export const feature = {
  expect(message) {
    isExpected = !Array.isArray(message) || message[2]?.page;
    isFresh = message.patch?.page && (message.migrated || message.rebuilt);
  },
  forget() { restore = undefined; },
  restore() {
    const isRecorded = !!restore;
    restore?.();
    restore = undefined;
    isExpected = false;
    return isRecorded;
  },
  start() {
    addEventListener("live:patch", (event) => {
      if (isExpected && /** @type {CustomEvent} */ (event).detail.phase === "before") restore = record();
    });
  },
};

/** Record the state of the page. @returns {() => void} restores it in the elements that have replaced others */
function record() {
  const { activeElement } = document;
  const typed = controlsIn(document.body).filter((control) => core.editCount(control) || isDirty(control));
  const open = OPEN.flatMap((selector) => [...document.querySelectorAll(selector)]).map((element) => /** @type {const} */ ([element, element.matches(":modal")]));
  const boxes = [...document.querySelectorAll("*")].filter((box) => scrollLeft(box) || scrollTop(box))
    .map((box) => /** @type {const} */ ([box, { left: scrollLeft(box), top: scrollTop(box), behavior: "instant" }]));
  const ignoring = ignoringElements();
  const requests = waiting();
  const seen = requests.flatMap((request) => [request.source, request.pressed, ...request.seen?.keys() ?? []]);
  const find = finder([activeElement, ...typed, ...open.map(([element]) => element), ...boxes.map(([box]) => box), ...seen]);
  return () => {
    ignoring.filter((element) => !isConnected(element)).forEach(restoreIgnored);
    for (const control of typed) carryInput(control, find(control));
    const update = requests.map((request) => redirect(request, find));
    for (const [element, isModal] of open) reopen(find(element), isModal);
    const clamped = boxes.filter(([box, position]) => !scrollBack(find(box) ?? box, position));
    if (clamped.length) requestAnimationFrame(() => clamped.forEach(([box, position]) => scrollBack(find(box) ?? box, position))); // when long lists have their height
    const focused = find(activeElement);
    if (focused) transferFocus(focused, activeElement);
    const repeated = isFresh ? typed.map((control) => (isConnected(control) ? control : find(control))) : [];
    queueMicrotask(() => { // when the patch is done, and events call actions again
      repeated.forEach(repeat);
      update.forEach((done) => done());
    });
  };
}

/** Requests that are shown as pending. @returns {Request[]} */
const waiting = () => [...core.pending(), ...loaded.uploads?.unsent ?? []];

/**
 * Prepare to find elements again.
 * @param {(Element | null | undefined)[]} targets
 * @returns {(target: any) => any} finds the element that has replaced a target; undefined if none has, or it is still there
 */
function finder(targets) {
  const names = [...new Set(targets.flatMap((target) => (target ? CSS.escape(localName(target)) : [])))].join();
  const before = groups(names);
  /** @type {typeof before | undefined} */
  let after;
  return (target) => {
    if (!target || isConnected(target)) return undefined;
    after ??= groups(names);
    for (const [key, olds] of before) {
      const at = olds.indexOf(target), nexts = after.get(key);
      if (at >= 0 && nexts?.length === olds.length) return nexts[at];
    }
    return undefined;
  };
}

/**
 * Group elements by what identifies them; those that are the only one without regard to their form, by that as well.
 * @param {string} names tag names
 * @returns {Map<string, Element[]>}
 */
function groups(names) {
  const elements = names ? [...document.querySelectorAll(names)] : [];
  const [strict, loose] = [true, false].map((withForm) => {
    /** @type {Map<string, Element[]>} */
    const found = new Map();
    for (const element of elements) {
      const key = keyOf(element, withForm), group = found.get(key);
      if (group) group.push(element);
      else found.set(key, [element]);
    }
    return found;
  });
  return new Map([...strict, ...[...loose].filter(([, group]) => group.length === 1)]);
}

/** What identifies an element. @param {any} element @param {boolean} withForm whether that includes its form */
function keyOf(element, withForm) {
  const name = localName(element), around = closest(element, "[id],[data-key]");
  const form = name === "form" ? element : element.form instanceof HTMLFormElement && element.form;
  return JSON.stringify([
    name, getAttribute(element, "name"), getAttribute(element, "type"), isControl(element) ? isCheckable(element) && element.value : form ? "" : getAttribute(element, "class"),
    around && [localName(around), getAttribute(around, "id"), getAttribute(around, "data-key")], withForm && (form ? getAttribute(form, "id") ?? getAttribute(form, "action") : null),
  ]);
}

/** Copy unsaved input to the control that has replaced another. @param {Control} control @param {any} heir */
function carryInput(control, heir) {
  if (!heir) return;
  carryState(control, heir);
  if (isDirty(control)) heir.dispatchEvent(new Event("input", { bubbles: true })); // counts as an edit
}

/** Dispatch `input` and `change`, so that the new session gets the value. @param {Control | undefined} control */
function repeat(control) {
  for (const type of ["input", "change"]) control?.dispatchEvent(new Event(type, { bubbles: true }));
}

/**
 * Let a request refer to the elements that have replaced its own: they are shown as pending, and its form is reset.
 * @param {Request} request
 * @param {(target: any) => any} find
 * @returns {() => void} refers to the edits that it sends, once they are counted in the new controls
 */
function redirect(request, find) {
  const seen = request.seen && [...request.seen].map(([control, edits]) => /** @type {const} */ ([find(control) ?? control, edits, core.editCount(control) === edits]));
  request.source = find(request.source) ?? request.source;
  request.pressed = find(request.pressed) ?? request.pressed;
  return () => {
    if (seen) request.seen = new Map(seen.map(([control, edits, isNewest]) => [control, isNewest ? core.editCount(control) ?? 0 : edits]));
  };
}

/** Scroll a box to where it was. Return whether that is possible. @param {any} box @param {ScrollToOptions} position */
function scrollBack(box, position) {
  /** @type {any} */ (scrollTo)(box, position);
  return scrollTop(box) === position.top;
}

/** Open an element, unless the server says whether it is open. @param {any} element @param {boolean} isModal */
function reopen(element, isModal) {
  if (!element || element.open || marksOf(element).some((mark) => mark === "open" || mark === MARK_TAG)) return;
  if (element.popover) element.showPopover();
  else if (isModal) element.showModal();
  else element.open = true;
}
