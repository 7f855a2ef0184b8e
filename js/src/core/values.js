// Attributes, the properties of controls that belong to them, and the protection of what a person typed.
//
// Every edit of a control has a number, which grows with each edit in the page. An op remembers the newest edit of each control
// that it reports; once the op has succeeded, these edits are *answered*. When the server changes the value of a control, the
// attribute follows at once. The property follows only if the newest edit is answered; otherwise the value is *withheld*, and
// the person keeps the text. The next answer to the newest edit releases it. An example:
//
//     a person types "one"       edit 1
//     op 1 goes out              it has seen edit 1
//     the person types "two"     edit 2
//     a patch: value="ONE"       withheld, as edit 2 isn't answered
//     op 1 is answered           edit 1 is, edit 2 isn't: "two" stays
//     op 2 is answered           it had seen edit 2: the control shows what the server renders

/** @import { Control, Seen } from "../interface.js" */
import { controlsOf, groupOf, isCheckable, isControl } from "./controls.js";
import { loadLazy, lazy } from "./lazy.js";
import * as members from "./members.js";
import { closest, getAttribute } from "./members.js";

/** @typedef {{ edits: number, answered: number, withheld?: boolean }} EditState */

/** @type {WeakMap<Control, EditState>} of controls that were edited, or that an op has reported */
const editStates = new WeakMap();
/** How many edits there were in all: the number of the newest one. */
let clock = 0;
/** @type {unknown} the control in which an input method composes */
let composing;

/**
 * What holds the state of a control, under which name, and its default.
 * @param {Control} control
 * @param {any[]} [group] of which it is one
 * @returns {[any[], string, string]}
 */
function partsOf(control, group = [control]) {
  if (isCheckable(control)) return [group, "checked", "defaultChecked"];
  if ("options" in control) return [[...control.options], "selected", "defaultSelected"];
  return [group, "value", "defaultValue"];
}

/** @param {Control} control @returns {any[]} */
function statesOf(control) {
  const [parts, name] = partsOf(control);
  return parts.map((part) => part[name]);
}

/** @param {any[]} parts @param {string} name @param {(part: any) => any} state */
function setStates(parts, name, state) {
  // Writing what is there would cost the caret in some browsers.
  for (const part of parts) if (part[name] !== state(part)) part[name] = state(part);
}

/** Makes the control show what the server rendered. @param {Control} control */
function showRendered(control) {
  const [parts, name, initial] = partsOf(control);
  setStates(parts, name, (part) => (control.type === "file" ? "" : part[initial]));
}

/**
 * The record of a control. One that doesn't show its default was edited before the script ran, or restored by the browser.
 * @param {Control} control
 */
function editStateOf(control) {
  let typing = editStates.get(control);
  if (!typing) {
    const copy = /** @type {Control} */ (control.cloneNode(true));
    showRendered(copy);
    editStates.set(control, (typing = { edits: `${statesOf(control)}` === `${statesOf(copy)}` ? 0 : ++clock, answered: 0 }));
  }
  return typing;
}

/** @param {any} event */
function countEdit({ target, isComposing }) {
  if (isComposing) composing = target;
  if (isControl(target)) for (const control of groupOf(target)) editStateOf(control).edits = ++clock;
}

/** Counts edits from now on. Must listen before the code that makes ops of the same events. */
export function watchEdits() {
  addEventListener("input", countEdit, true);
  addEventListener("reset", ({ defaultPrevented, target }) => {
    // The browser is about to reset them: they count as if nobody had edited them.
    if (!defaultPrevented) controlsOf(/** @type {Element} */ (target)).forEach((control) => editStates.delete(control));
  });
  addEventListener("compositionend", () => { composing = false; }, true);
}

/** @param {Control} control */
export const editCount = (control) => editStates.get(control)?.edits;

/** @param {any[]} controls others are left out @returns {Seen} */
export const captureEdits = (controls) => new Map(controls.filter(isControl).map((control) => [control, editStateOf(control).edits]));

/** An op has succeeded that reported these edits. @param {Iterable<[Control, number]>} [seen] */
export function markAnswered(seen = []) {
  for (const [control, edits] of seen) editStateOf(control).answered = edits;
}

/**
 * Write what was withheld from controls without newer edits. Those that `resets` names show what the server rendered in any case.
 * @param {Iterable<[Control, number]>} [seen]
 * @param {(control: Control) => unknown} [resets]
 */
export function flushWithheld(seen = [], resets) {
  for (const [control] of seen) if ((resets?.(control) || editStateOf(control).withheld) && isFree(control)) acceptRendered(control);
}

/** @param {Control} control */
function isFree(control) {
  const { edits, answered } = editStateOf(control);
  return edits <= answered && control !== composing;
}

/** @param {Control} control */
function acceptRendered(control) {
  showRendered(control);
  editStateOf(control).withheld = false;
}

/**
 * Runs `write`, which changes the default of `control`, or its options. The control follows unless a person edited it since;
 * in the case of options, ever.
 * @param {Control} control
 * @param {() => void} write
 * @param {boolean} [options]
 */
export function preserveInput(control, write, options) {
  const free = options ? !editStateOf(control).edits : isFree(control);
  const parts = () => partsOf(control, groupOf(control));
  const [before, name] = parts();
  const states = new Map(before.map((part) => [part, part[name]]));
  write();
  if (free) return acceptRendered(control);
  if (!options) editStateOf(control).withheld = true;
  const [after] = parts();
  if (control.type === "select-one" && !after.some((part) => states.get(part))) showRendered(control); // what was chosen is gone
  // What nobody has touched yet follows its attribute by itself.
  else setStates(after, name, (part) => states.get(part));
}

/**
 * Runs `write`, which changes the children of `parent`.
 * @param {any} parent
 * @param {() => void} write
 */
export function changeContent(parent, write) {
  const control = /** @type {Control | false | null} */ (parent instanceof Element && closest(parent, "select,textarea"));
  if (control) preserveInput(control, write, "options" in control);
  else write();
}

/**
 * @param {any} element
 * @param {string} name
 * @param {string | null} value null: the attribute goes
 */
export function setAttribute(element, name, value) {
  // A policy may forbid style attributes, never the object model.
  if (value === null) members.removeAttribute(element, name);
  else if (name === "style") members.style(element).cssText = value;
  else members.setAttribute(element, name, value);
  if (name === "muted") element[name] = value !== null;
}

/**
 * As `setAttribute`, in the page, if it isn't there already. The default of a control changes under guard.
 * @param {any} element
 * @param {string} name
 * @param {string | null} value
 */
export function updateAttribute(element, name, value) {
  if (lazy?.covers(element, name, value) || getAttribute(element, name) === value) return;
  const write = () => setAttribute(element, name, value);
  const control = name === "selected" ? /** @type {Control | null} */ (closest(element, "select"))
    : isControl(element) && name === (isCheckable(element) ? "checked" : "value") && element;
  if (control) preserveInput(control, write);
  else write();
}

// Focus and caret across a patch: kept where they are.

/** Where the focus is: browsers keep it there when what has the focus is removed. */
const place = new Range();

/**
 * Runs `work`, which changes the page.
 * @param {() => void} work
 */
export function keepFocus(work) {
  const active = /** @type {HTMLInputElement} */ (document.activeElement);
  const { selectionStart, selectionEnd } = active;
  place.selectNode(active);
  work();
  if (!active.isConnected) loadLazy().then((lazy) => lazy?.refocus(active, place));
  // Null and undefined where a caret makes no sense.
  else if (selectionStart != null && active.selectionStart !== selectionStart)
    active.setSelectionRange(selectionStart, selectionEnd);
}
