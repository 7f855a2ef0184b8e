// Keeps unsaved input and the focus of an item when a patch removes it in one place and inserts it in another, as when an item
// moves to another list. For the server these are a removal and an insertion, so the page gets new nodes.
//
// After each patch, `carry` compares the removed nodes with the added ones. An added element is the *heir* of a removed one if
// it is the only one with the same tag, `data-key` and `id`. An element inside of a removed item has a *counterpart* in the
// heir: the element with the same tag, `name` and `type` at the same index. The state of each control with unsaved input is
// copied to its counterpart.

/** @import { Control } from "../interface.js" */
import { isCheckable, isControl } from "../core/controls.js";
import { core } from "./bridge.js";
import { isDirty } from "./dirty.js";
import { closest, getAttribute, isConnected, localName, parentElement, parentNode, querySelectorAll } from "./members.js";

const CONTROLS = "input,select,textarea";
const KEYED = "[data-key],[id]";

/** @type {Set<Node>} nodes that the latest patch has added; their descendants aren't listed */
let added = new Set();

/** Copy unsaved input of removed items to those that replace them. @param {MutationRecord[]} records of a patch */
export function carry(records) {
  added = new Set(records.flatMap(({ addedNodes }) => [...addedNodes]));
  if (!added.size) return; // nothing was replaced
  const removed = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  for (const node of removed) added.delete(node); // it was moved, or removed again
  for (const node of removed) {
    if (node instanceof Element && !isConnected(node)) for (const control of dirtyIn(node)) carryState(control, heirOf(control));
  }
}

/** Find the elements of the page that match a selector and that the latest patch has added. @param {string} selector */
export const addedBy = (selector) => (added.size ? [...document.querySelectorAll(selector)].filter(isAdded) : []);

/** Whether the latest patch has added a node, or a node around it. @param {Node | null} node @returns {boolean} */
const isAdded = (node) => !!node && (added.has(node) || isAdded(parentNode(node)));

/** The controls in an element, or the element itself. @param {Element} element @returns {Control[]} */
export const controlsIn = (element) => [...(isControl(element) ? [element] : []), .../** @type {Iterable<Control>} */ (querySelectorAll(element, CONTROLS))];

/** Controls with unsaved input, in an element or the element itself. @param {Element} element */
export const dirtyIn = (element) => controlsIn(element).filter(isDirty);

/**
 * Find the element that replaces a removed one: in the heir of the innermost item around it that has one.
 * @param {any} element
 * @returns {any} undefined if there is none
 */
export function heirOf(element) {
  for (let item = closest(element, KEYED), parent; item; item = (parent = parentElement(item)) && closest(parent, KEYED)) {
    const heir = heirOfItem(item);
    if (heir) return counterpart(element, item, heir);
  }
  return undefined;
}

/** The only added element with an item's tag, `data-key` and `id`. @param {Element} item */
function heirOfItem(item) {
  const named = ["data-key", "id"].map((name) => [name, getAttribute(item, name)]).filter(([, value]) => value !== null);
  const selector = localName(item) + named.map(([name, value]) => `[${name}="${CSS.escape(value ?? "")}"]`).join("");
  const found = addedBy(selector);
  return found.length === 1 ? found[0] : undefined;
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
