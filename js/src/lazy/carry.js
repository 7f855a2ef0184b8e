// Keeps unsaved input and the focus of an item when a patch removes it in one place and inserts it in another, as when an item
// moves to another list. For the server these are a removal and an insertion, so the page gets new nodes.
//
// After each patch, `carry` compares the removed nodes with the added ones. An added element is the *heir* of a removed one if
// it is the only one with the same tag, `data-key` and `id`. An element inside of a removed item has a *counterpart* in the
// heir: the element with the same tag, `name` and `type` at the same index. The state of each control with unsaved input is
// copied to its counterpart.
//
// After a session was rebuilt, much of the page can be new, although it is the same page. Then controls without a counterpart
// are paired by form and name (`pairControls`).

/** @import { Control } from "../interface.js" */
import { isCheckable, isControl } from "../core/controls.js";
import { core } from "./bridge.js";
import { isDirty } from "./dirty.js";
import { closest, getAttribute, isConnected, localName, matches, parentElement, querySelectorAll } from "./members.js";

const CONTROLS = "input,select,textarea";
const KEYED = "[data-key],[id]";

/** @type {Element[]} elements that the latest patch has added */
let added = [];

/** @type {Map<Element, Control>} controls that the latest patch has removed, with those that replace them */
let pairs = new Map();

/**
 * Copy unsaved input of removed items to those that replace them.
 * @param {MutationRecord[]} records of a patch
 * @param {1} [fresh] set if the session was rebuilt
 */
export function carry(records, fresh) {
  const removed = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  added = records.flatMap(({ addedNodes }) => [.../** @type {NodeListOf<Element>} */ (addedNodes)])
    .filter((node) => node instanceof Element && isConnected(node) && !removed.has(node));
  pairs = new Map();
  if (!added.length) return;
  const gone = [...removed].filter((node) => node instanceof Element && !isConnected(node)).flatMap((node) => controlsIn(/** @type {Element} */ (node)));
  if (fresh) pairs = pairControls(gone, [...new Set(added.flatMap(controlsIn))]);
  for (const control of gone) if (isDirty(control)) carryState(control, heirOf(control));
}

/** The controls in an element, or the element itself. @param {Element} element @returns {Control[]} */
export const controlsIn = (element) => [...(isControl(element) ? [element] : []), .../** @type {Iterable<Control>} */ (querySelectorAll(element, CONTROLS))];

/** Controls with unsaved input, in an element or the element itself. @param {Element} element */
export const dirtyIn = (element) => controlsIn(element).filter(isDirty);

/**
 * Find the element that the latest patch has replaced another one by.
 * @param {any} element
 * @returns {any} undefined if there is none
 */
export const heirOf = (element) => heirIn(added, element) ?? pairs.get(element);

/**
 * Find the element that replaces a removed one: in the heir of the innermost item around it that has one.
 * @param {Element[]} roots where to look
 * @param {any} element
 * @returns {any} undefined if there is none
 */
export function heirIn(roots, element) {
  for (let item = closest(element, KEYED), parent; item; item = (parent = parentElement(item)) && closest(parent, KEYED)) {
    const heir = roots.length && heirOfItem(item, roots);
    if (heir) return counterpart(element, item, heir);
  }
  return undefined;
}

/** The only element in `roots` with an item's tag, `data-key` and `id`. @param {Element} item @param {Element[]} roots */
function heirOfItem(item, roots) {
  const named = ["data-key", "id"].map((name) => [name, getAttribute(item, name)]).filter(([, value]) => value !== null);
  const selector = localName(item) + named.map(([name, value]) => `[${name}="${CSS.escape(value ?? "")}"]`).join("");
  const found = new Set(roots.flatMap((node) => [...(matches(node, selector) ? [node] : []), ...querySelectorAll(node, selector)]));
  return found.size === 1 ? [...found][0] : undefined;
}

/**
 * Find the element in `heir` that corresponds to an element in `item`. Elements with another `name` or `type` don't count: a page
 * that was loaded has hidden fields that patches don't have.
 * @param {any} element
 * @param {Element} item
 * @param {Element} heir
 * @returns {any} undefined if there is none
 */
export function counterpart(element, item, heir) {
  if (element === item) return heir;
  const similar = (/** @type {Element} */ root) => [...querySelectorAll(root, localName(element))]
    .filter((other) => ["name", "type"].every((name) => getAttribute(other, name) === getAttribute(element, name)));
  return similar(heir)[similar(item).indexOf(element)];
}

/**
 * Pair the controls of an older version of a page with those of a newer one: in each form, those of a name if they are as many as
 * before, by their order; and those whose name only one has in both versions.
 * @param {Control[]} before
 * @param {Control[]} after
 * @returns {Map<Element, Control>}
 */
export function pairControls(before, after) {
  const pairs = new Map();
  for (const key of [kindOf, kindInForm]) {
    const groups = group(after, key);
    for (const [kind, controls] of group(before, key)) {
      const others = groups.get(kind);
      if (controls.length === others?.length && (key === kindInForm || controls.length === 1)) controls.forEach((control, i) => pairs.set(control, others[i]));
    }
  }
  return pairs;
}

/** What a control and the one that replaces it have in common. @param {Control} control */
const kindOf = (control) => JSON.stringify([control.name, control.type, isCheckable(control) && control.value]);

/** The same with the form: its id, or else what it calls. @param {Control} control */
function kindInForm(control) {
  const form = closest(control, "form");
  return kindOf(control) + (getAttribute(control, "form") ?? (form && (getAttribute(form, "id") ?? getAttribute(form, "action"))));
}

/** @param {Control[]} controls @param {(control: Control) => string} keyOf @returns {Map<string, Control[]>} */
function group(controls, keyOf) {
  const groups = new Map();
  for (const control of controls) {
    const key = keyOf(control);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(control);
  }
  return groups;
}

/**
 * Copy a control's unsaved state to the control that replaces it, unless the server has answered that input with another value.
 * @param {any} from
 * @param {any} to undefined if no control replaces it
 */
export function carryState(from, to) {
  if (!to) return;
  const initial = isCheckable(from) ? "defaultChecked" : "defaultValue";
  if (from[initial] !== to[initial]) core.preserveInput(from, () => {}); // the server has changed the value: discard input that is answered
  if (!isDirty(from)) return;
  if (isCheckable(from)) to.checked = from.checked;
  else if (from.type === "file") to.files = from.files;
  else if (from.options) for (const option of to.options) option.selected = [...from.selectedOptions].some(({ value }) => value === option.value);
  else to.value = from.value;
}
