// Attributes with the properties that stand for them, and the protection of what a person typed.
//
// Each control counts its edits. An op remembers the edits that it has seen; when it ends well, they are answered. A server's
// value goes to the property only if the newest edit is answered; else it is withheld: the attribute has it, the person keeps
// the text. The next answer to the newest edit lets it through.

/** @import { Control, Seen } from "../interface.js" */
import { loadLazy } from "./lazy.js";

/** @typedef {{ edits: number, answered: number, withheld?: boolean }} EditState */

/** @type {WeakMap<Control, EditState>} */
const editStates = new WeakMap();
/** @type {unknown} the control in which an input method composes */
let composing;

/** @param {any} node @returns {node is Control} */
export const isControl = (node) => !!node?.matches?.("input,select,textarea");

/** @param {any} control @returns {control is HTMLInputElement} */
export const isCheckable = (control) => /checkbox|radio/.test(control.type);

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
    editStates.set(control, (typing = { edits: +(`${statesOf(control)}` !== `${statesOf(copy)}`), answered: 0 }));
  }
  return typing;
}

/** Radio buttons of one group are edited together. @param {any} control @returns {any[]} */
export function groupOf(control) {
  const radios = [.../** @type {NodeListOf<HTMLInputElement>} */ (document.getElementsByName(control.name))]
    .filter((other) => other.type === "radio" && other.form === control.form);
  return radios.includes(control) ? radios : [control];
}

/** @param {any} event */
function countEdit({ target, isComposing }) {
  if (isComposing) composing = target;
  if (isControl(target)) for (const control of groupOf(target)) editStateOf(control).edits++;
}

/** Counts edits from now on. Must listen before whoever makes ops of the same events. */
export function watchEdits() {
  addEventListener("input", countEdit, true);
  addEventListener("compositionend", () => { composing = null; }, true);
}

/** @param {Control} control */
export const editCount = (control) => editStates.get(control)?.edits;

/** @param {Iterable<unknown>} elements @returns {Seen} */
export const captureEdits = (elements) => new Map([...elements].filter(isControl).map((control) => [control, editStateOf(control).edits]));

/** An op ended well that had seen these edits. @param {Seen} [seen] */
export function markAnswered(seen = new Map()) {
  for (const [control, edits] of seen) editStateOf(control).answered = edits;
}

/**
 * Writes what was withheld from controls without newer edits. If `all`, they go back to what the server rendered.
 * @param {Seen} [seen]
 * @param {boolean} [all]
 */
export function flushWithheld(seen = new Map(), all = false) {
  for (const control of seen.keys()) if ((all || editStateOf(control).withheld) && isFree(control)) acceptRendered(control);
}

/** @param {Control} control */
function isFree(control) {
  const { edits, answered } = editStateOf(control);
  return edits === answered && control !== composing;
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
 * Runs `write`, which changes what stands in `parent`.
 * @param {any} parent
 * @param {() => void} write
 */
export function changeContent(parent, write) {
  const control = parent.closest?.("select,textarea");
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
  if (value === null) element.removeAttribute(name);
  else if (name === "style") element.style.cssText = value;
  else element.setAttribute(name, value);
  if (name === "muted") element[name] = value !== null;
}

/**
 * As `setAttribute`, in the page, if it isn't there already. The default of a control changes under guard.
 * @param {any} element
 * @param {string} name
 * @param {string | null} value
 */
export function updateAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  const write = () => setAttribute(element, name, value);
  const control = name === "selected" ? element.closest("select")
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
  const active = /** @type {HTMLInputElement} */ (document.activeElement ?? document.body);
  const { selectionStart, selectionEnd } = active;
  place.selectNode(active);
  work();
  if (!active.isConnected) loadLazy().then((lazy) => lazy?.refocus(active, place));
  // Null and undefined where a caret makes no sense.
  else if (selectionStart != null && active.selectionStart !== selectionStart)
    active.setSelectionRange(selectionStart, selectionEnd);
}
