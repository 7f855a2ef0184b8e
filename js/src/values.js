// Attributes with the properties that stand for them, and the protection of what a person typed.
//
// Each control counts its edits. An op remembers the edits that it has seen (`seen`); when it ends well,
// they are answered. A server's value goes to the property only if the newest edit is answered; else it
// is withheld: the attribute has it, the person keeps the text. The next answer that has seen the newest
// edit lets it through.

import { wish } from "./focus.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */
/** @typedef {Map<Control, number>} Seen edits of controls that an op reports */
/** @typedef {{ edits: number, answered: number, state: string, withheld: boolean }} Typing */

/** @type {WeakMap<Control, Typing>} */
const typings = new WeakMap();
/** @type {EventTarget | null} the control in which an input method composes */
let composing = null;

/** @param {unknown} node @returns {node is Control} */
export const isControl = (node) =>
  node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;

/** @param {Control | HTMLButtonElement} control @returns {control is HTMLInputElement} */
export const isCheckable = (control) => /^(checkbox|radio)$/.test(control.type);

/** @param {Control} control */
function stateOf(control) {
  if (isCheckable(control)) return String(control.checked);
  if (control instanceof HTMLSelectElement) return [...control.options].map((option) => +option.selected).join("");
  return control.value;
}

/**
 * What the control would show, had nobody touched it.
 * @param {Control} control
 */
function defaultState(control) {
  if (isCheckable(control)) return String(control.defaultChecked);
  if (control instanceof HTMLTextAreaElement) return control.defaultValue;
  const copy = /** @type {Control} */ (control.cloneNode(control instanceof HTMLSelectElement));
  restore(copy);
  return stateOf(copy);
}

/**
 * The record of a control. One that differs from its default was edited before the script ran, or restored by the browser.
 * @param {Control} control
 */
function typingOf(control) {
  let typing = typings.get(control);
  if (!typing) {
    const state = stateOf(control);
    typing = { edits: +(state !== defaultState(control)), answered: 0, state, withheld: false };
    typings.set(control, typing);
  }
  return typing;
}

/** Radio buttons of one group are edited together. @param {Control} control */
export function groupOf(control) {
  if (control.type !== "radio") return [control];
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[type=radio]"));
  return [...radios].filter((radio) => radio === control || (radio.name === control.name && radio.form === control.form));
}

/** @param {Event} event */
function count(event) {
  const control = event.target;
  if (!isControl(control)) return;
  for (const member of groupOf(control)) {
    const typing = typings.get(member) ?? { edits: 0, answered: 0, state: defaultState(member), withheld: false };
    typings.set(member, typing);
    const state = stateOf(member);
    // `change` follows `input`: it counts only where a widget changed the control without one.
    if (event.type === "input" || typing.state !== state) typing.edits++;
    typing.state = state;
  }
}

/** Counts edits from now on. Must listen before whoever makes ops of the same events. */
export function watchTyping() {
  addEventListener("input", count, true);
  addEventListener("change", count, true);
  addEventListener("compositionstart", (event) => { composing = event.target; }, true);
  addEventListener("compositionend", () => { composing = null; }, true);
}

/** @param {Control} control */
export const edits = (control) => typings.get(control)?.edits ?? 0;

/** @param {Iterable<unknown>} controls @returns {Seen} */
export function see(controls) {
  const seen = new Map();
  for (const control of controls) if (isControl(control)) seen.set(control, typingOf(control).edits);
  return seen;
}

/** An op ended well that had seen these edits. @param {Seen} seen */
export function answer(seen) {
  for (const [control, edits] of seen) {
    const typing = typingOf(control);
    typing.answered = Math.max(typing.answered, edits);
  }
}

/** Writes what was withheld from controls whose newest edit is answered now. @param {Seen} seen */
export function release(seen) {
  for (const control of seen.keys()) if (typingOf(control).withheld && isFree(control)) restore(control);
}

/** Controls without an edit newer than these go back to what the server rendered. @param {Seen} seen */
export function reset(seen) {
  for (const [control, edits] of seen) if (typingOf(control).edits === edits && control !== composing) restore(control);
}

/** @param {Control} control */
function isFree(control) {
  const typing = typingOf(control);
  return typing.edits === typing.answered && control !== composing;
}

/** @param {Control} control */
function restore(control) {
  if (control instanceof HTMLSelectElement) for (const option of control.options) option.selected = option.defaultSelected;
  else if (isCheckable(control)) control.checked = control.defaultChecked;
  else if (control.type === "file") control.value = "";
  else setText(control, control.defaultValue);
  const typing = typings.get(control);
  if (typing) Object.assign(typing, { answered: typing.edits, state: stateOf(control), withheld: false });
}

/**
 * Keeps the caret where it was.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 * @param {string} text
 */
function setText(control, text) {
  if (control.value === text) return;
  const { selectionStart, selectionEnd, selectionDirection } = control;
  control.value = text;
  if (selectionStart !== null && document.activeElement === control)
    control.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? "none");
}

/**
 * Runs `write`, which changes the default of `control`; the control follows unless a person edited it since.
 * @param {Control} control
 * @param {() => void} write
 */
export function guard(control, write) {
  const free = isFree(control);
  const chosen = control instanceof HTMLSelectElement && !free ? [...control.selectedOptions] : null;
  write();
  if (free) return restore(control);
  typingOf(control).withheld = true;
  // An option that nobody picked follows its attribute: give the person's choice back.
  if (chosen) for (const option of /** @type {HTMLSelectElement} */ (control).options) option.selected = chosen.includes(option);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null: the attribute goes
 */
export function setAttribute(element, name, value) {
  // A policy may forbid style attributes, never the object model.
  if (name === "style" && value !== null) /** @type {HTMLElement} */ (element).style.cssText = value;
  else if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  if (name === "muted" && element instanceof HTMLMediaElement) element.muted = value !== null;
  if (name === "autofocus" && value !== null) wish(element);
}

/**
 * As `setAttribute`, in the page: a control's default changes under `guard`.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function updateAttribute(element, name, value) {
  const control = controlOf(element, name);
  const write = () => setAttribute(element, name, value);
  if (control) guard(control, write);
  else write();
}

/** The control whose default the attribute is. @param {Element} element @param {string} name */
function controlOf(element, name) {
  if (name === "selected" && element instanceof HTMLOptionElement) return element.closest("select");
  if (!(element instanceof HTMLInputElement)) return null;
  return name === (isCheckable(element) ? "checked" : "value") ? element : null;
}

/**
 * Runs `work`, which makes the page anew: what was typed goes to the controls that stand for the old ones, and so does the focus.
 * @param {() => void} work
 */
export function keepTyped(work) {
  const active = document.activeElement;
  const typed = [...document.querySelectorAll("input, textarea, select")].filter((control) => isControl(control) && edits(control));
  work();
  for (const control of /** @type {Control[]} */ (typed)) {
    const heir = control.isConnected ? null : heirOf(control);
    if (heir) inherit(heir, control);
  }
  if (isControl(active) && !active.isConnected) heirOf(active)?.focus();
}

/** @param {Control} control @returns {Control | undefined} of the same id, or name in the same form */
function heirOf(control) {
  const candidates = control.id ? [document.getElementById(control.id)] : document.getElementsByName(control.name);
  return [...candidates].filter(isControl).find((other) =>
    other.type === control.type && other.form?.id === control.form?.id && (!isCheckable(control) || other.value === control.value));
}

/** @param {Control} heir @param {Control} control */
function inherit(heir, control) {
  if (isCheckable(heir)) heir.checked = /** @type {HTMLInputElement} */ (control).checked;
  else if (heir.type !== "file") heir.value = control.value;
  typings.set(heir, typingOf(control));
}
