// The whole page anew, where it can't be patched, or another page. What is equal stays; of the same page, what was typed goes
// to the controls that stand for the old ones.

import { forgetChanges } from "./changes.js";
import { forgetWishes } from "./wishes.js";
import { core } from "./core.js";
import { ignoring, retain } from "./ignoring.js";
import { parseDocument } from "./parsing.js";
import { forgetOriginals } from "./originals.js";
import { arrive, isSwap } from "./swap.js";

/** @typedef {import("../values.js").Control} Control */

/**
 * @param {string} html
 * @param {import("../connection.js").Settled[]} settled ops that it answers
 * @param {1} [fresh] its session knows nothing of what was typed
 */
export function replacePage(html, settled, fresh) {
  const next = parseDocument(html);
  const isAnother = isSwap(settled, next);
  const scripts = new Set(document.scripts);
  const { activeElement } = document;
  const ignored = isAnother ? [] : ignoring();
  const typed = [...document.querySelectorAll("*")].filter(core.isControl).filter(core.edits);
  if (isAnother) for (const control of typed) control.remove(); // nothing of it stays because the other page looks the same
  const { live } = document.documentElement.dataset;
  for (const name of ["documentElement", "head", "body"]) copyAttributes(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (live) document.documentElement.dataset.live = live;
  for (const name of ["head", "body"]) copyChildren(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  ignored.forEach(retain);
  forgetOriginals();
  core.meetMarkup(document);
  forgetChanges();
  forgetWishes();
  if (isAnother) return arrive(scripts);
  const heirs = typed.map((control) => (control.isConnected ? control : inherit(heirOf(control), control)));
  if (fresh) queueMicrotask(() => heirs.forEach(tell)); // when calls are heard again
  if (core.isControl(activeElement) && !activeElement.isConnected) heirOf(activeElement)?.focus();
}

/** @param {Element} old @param {Element} next */
function copyAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/**
 * Nodes that are equal stay, with what a person did to them.
 * @param {Element} parent
 * @param {Element} next
 */
function copyChildren(parent, next) {
  let old = parent.firstChild;
  for (const node of [...next.childNodes]) {
    let same = old;
    while (same && !same.isEqualNode(node)) same = same.nextSibling;
    if (same) {
      removeUpTo(old, same);
      old = same.nextSibling;
    } else parent.insertBefore(document.importNode(node, true), old);
  }
  removeUpTo(old, null);
}

/** @param {ChildNode | null} node @param {ChildNode | null} stop */
function removeUpTo(node, stop) {
  while (node && node !== stop) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
}

/** The control that stands for one of the old page, of the same id or name. @param {Control} control */
function heirOf(control) {
  const candidates = control.id ? [document.getElementById(control.id)] : [...document.getElementsByName(control.name)];
  return /** @type {unknown[]} */ (candidates).filter(core.isControl).find((other) =>
    other.type === control.type && other.form?.id === control.form?.id && (!isCheckable(control) || other.value === control.value));
}

/** @param {Control} control @returns {control is HTMLInputElement} */
const isCheckable = (control) => /^(checkbox|radio)$/.test(control.type);

/** Whoever listens hears of it. @param {Control | undefined} control */
function tell(control) {
  for (const type of ["input", "change"]) control?.dispatchEvent(new Event(type, { bubbles: true }));
}

/** @param {any} heir takes what was typed into `control` @param {any} control @returns {Control | undefined} */
function inherit(heir, control) {
  if (!heir) return;
  if (control.options) for (const option of heir.options) option.selected = [...control.selectedOptions].some(({ value }) => value === option.value);
  else if (isCheckable(control)) heir.checked = control.checked;
  else if (control.type !== "file") heir.value = control.value;
  heir.dispatchEvent(new Event("input", { bubbles: true })); // it counts as typed
  return heir;
}
