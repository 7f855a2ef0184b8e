// Writes attributes, and the properties of controls that belong to them, without overwriting what the user has typed.
//
// Edits of controls are numbered across the page. An op remembers the newest edit of each control whose value it sends; once
// the op succeeds, these edits are *answered*. When the server changes a control's value, the attribute changes at once. The
// property changes too if the control's newest edit is answered; otherwise the server's value is *withheld*, and the user's
// text stays until the newest edit is answered. An example:
//
//     the user types "one"       edit 1
//     op 1 is sent               it has seen edit 1
//     the user types "two"       edit 2
//     a patch: value="ONE"       withheld, since edit 2 isn't answered
//     op 1 succeeds              edit 1 is answered, edit 2 isn't: "two" stays
//     op 2 succeeds              it has seen edit 2: the control shows the value that the server rendered

/** @import { Control, Seen } from "../interface.js" */
import { controlsOf, groupOf, isCheckable, isControl } from "./controls.js";
import { loadLazy, lazy } from "./lazy.js";
import * as members from "./members.js";
import { closest, getAttribute } from "./members.js";

/** @typedef {{ edits: number, answered: number, withheld?: boolean }} EditState */

/** @type {WeakMap<Control, EditState>} of controls that were edited, or whose value an op has sent */
const editStates = new WeakMap();
/** The number of the newest edit in the page. */
let clock = 0;
/** @type {unknown} the control in which an input method is composing text */
let composing;

/**
 * Where a control's state is: the elements that have it, the name of the property, and the name of that with its default.
 * @param {Control} control
 * @param {any[]} [group] the controls that change together with it; see `groupOf`
 * @returns {[any[], string, string]}
 */
function partsOf(control, group = [control]) {
  if (isCheckable(control)) return [group, "checked", "defaultChecked"];
  if ("options" in control) return [[...control.options], "selected", "defaultSelected"];
  return [group, "value", "defaultValue"];
}

/** Read a control's state. @param {Control} control @returns {any[]} */
function statesOf(control) {
  const [parts, name] = partsOf(control);
  return parts.map((part) => part[name]);
}

/** Write a control's state. @param {any[]} parts @param {string} name @param {(part: any) => any} state */
function setStates(parts, name, state) {
  // In some browsers, writing an equal value moves the caret.
  for (const part of parts) if (part[name] !== state(part)) part[name] = state(part);
}

/** Make a control show what the server rendered. @param {Control} control */
function showRendered(control) {
  const [parts, name, initial] = partsOf(control);
  setStates(parts, name, (part) => (control.type === "file" ? "" : part[initial]));
}

/**
 * The edit state of a control. When asked for the first time, a control that differs from its default counts as edited: the
 * user has changed it before the script ran, or the browser has restored it.
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

/** Count edits from now on. Call this before other listeners are added, as ops of the same events need the counts. */
export function watchEdits() {
  addEventListener("input", countEdit, true);
  addEventListener("reset", ({ defaultPrevented, target }) => {
    // The browser is about to reset the controls, so they count as unedited.
    if (!defaultPrevented) controlsOf(/** @type {Element} */ (target)).forEach((control) => editStates.delete(control));
  });
  addEventListener("compositionend", () => { composing = false; }, true);
}

/** The number of a control's newest edit. @param {Control} control */
export const editCount = (control) => editStates.get(control)?.edits;

/**
 * Record the newest edit of each control, for an op.
 * @param {any[]} controls elements that aren't controls are ignored
 * @returns {Seen}
 */
export const captureEdits = (controls) => new Map(controls.filter(isControl).map((control) => [control, editStateOf(control).edits]));

/** Mark edits as answered, since an op that has seen them succeeded. @param {Iterable<[Control, number]>} [seen] */
export function markAnswered(seen = []) {
  for (const [control, edits] of seen) editStateOf(control).answered = edits;
}

/**
 * Show withheld values in controls that have no newer edits.
 * @param {Iterable<[Control, number]>} [seen]
 * @param {(control: Control) => unknown} [resets] whether a control shows what the server rendered even if nothing was withheld
 */
export function flushWithheld(seen = [], resets) {
  for (const [control] of seen) if ((resets?.(control) || editStateOf(control).withheld) && isFree(control)) acceptRendered(control);
}

/** Whether the server may change what a control shows. @param {Control} control */
function isFree(control) {
  const { edits, answered } = editStateOf(control);
  return edits <= answered && control !== composing;
}

/** Show what the server rendered; nothing is withheld any more. @param {Control} control */
function acceptRendered(control) {
  showRendered(control);
  editStateOf(control).withheld = false;
}

/**
 * Run `write`, which changes the default of a control, or its options, and keep what the user has entered. The control shows
 * the change if all edits are answered; if `options` change, only if there never was an edit.
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
  if (control.type === "select-one" && !after.some((part) => states.get(part))) showRendered(control); // the chosen option was removed
  // Only parts that were there before have a state to restore; browsers handle new ones.
  else setStates(after, name, (part) => states.get(part));
}

/**
 * Run `write`, which changes the children of `parent`, and keep what the user has entered in a control around them.
 * @param {any} parent
 * @param {() => void} write
 */
export function changeContent(parent, write) {
  const control = /** @type {Control | false | null} */ (parent instanceof Element && closest(parent, "select,textarea"));
  if (control) preserveInput(control, write, "options" in control);
  else write();
}

/**
 * Set or remove an attribute.
 * @param {any} element
 * @param {string} name
 * @param {string | null} value null removes the attribute
 */
export function setAttribute(element, name, value) {
  // A content security policy may forbid style attributes, but not the CSS object model.
  if (value === null) members.removeAttribute(element, name);
  else if (name === "style") members.style(element).cssText = value;
  else members.setAttribute(element, name, value);
  if (name === "muted") element[name] = value !== null;
}

/**
 * Set an attribute of an element in the page, if its value differs. Keep what the user has entered in controls.
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

// Focus and caret are kept while a patch is applied.

/**
 * The position of the focused element. Browsers adjust ranges when nodes are removed, so it survives the element's
 * removal.
 */
const place = new Range();

/**
 * Run `work`, which changes the page, and keep the focus and the caret.
 * @param {() => void} work
 */
export function keepFocus(work) {
  const active = /** @type {HTMLInputElement} */ (document.activeElement);
  const { selectionStart, selectionEnd } = active;
  place.selectNode(active);
  work();
  if (!active.isConnected) loadLazy().then((lazy) => lazy?.refocus(active, place));
  // Null or undefined for elements without a caret.
  else if (selectionStart != null && active.selectionStart !== selectionStart)
    active.setSelectionRange(selectionStart, selectionEnd);
}
