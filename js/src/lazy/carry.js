// What a person has done in an item goes with it when a patch removes it in one place and inserts it in another, as for an item that
// moves to another list: what was typed and isn't saved, and the focus. Items are recognised by `data-key` or `id`.

/** @import { Control } from "../interface.js" */
import { isCheckable, isControl } from "../core/controls.js";
import { core } from "./bridge.js";
import { isDirty } from "./dirty.js";
import { closest, getAttribute, isConnected, localName, matches, parentElement, querySelectorAll } from "./members.js";

const CONTROLS = "input,select,textarea";
const KEYED = "[data-key],[id]";

/** @type {Element[]} what the latest patch has brought */
let added = [];

/** @param {MutationRecord[]} records of a patch */
export function carry(records) {
  const removed = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  added = records.flatMap(({ addedNodes }) => [.../** @type {NodeListOf<Element>} */ (addedNodes)])
    .filter((node) => node instanceof Element && isConnected(node) && !removed.has(node));
  if (!added.length) return;
  for (const node of removed) {
    if (node instanceof Element && !isConnected(node)) for (const control of dirtyIn(node)) carryState(control, heirOf(control));
  }
}

/** The controls in an element whose state the server doesn't know. @param {Element} element */
export const dirtyIn = (element) =>
  /** @type {Control[]} */ ([...(isControl(element) ? [element] : []), ...querySelectorAll(element, CONTROLS)]).filter(isDirty);

/** What the patch has brought in place of an element that it has removed. @param {any} element @returns {any} */
export function heirOf(element) {
  for (let item = closest(element, KEYED), parent; item; item = (parent = parentElement(item)) && closest(parent, KEYED)) {
    const heir = added.length && heirOfItem(item);
    if (heir) return counterpart(element, item, heir);
  }
  return undefined;
}

/** @param {Element} item */
function heirOfItem(item) {
  const named = ["data-key", "id"].map((name) => [name, getAttribute(item, name)]).filter(([, value]) => value !== null);
  const selector = localName(item) + named.map(([name, value]) => `[${name}="${CSS.escape(value ?? "")}"]`).join("");
  const found = added.flatMap((node) => [...(matches(node, selector) ? [node] : []), ...querySelectorAll(node, selector)]);
  return found.length === 1 ? found[0] : undefined;
}

/** The element that is in one item what another one is in an item like it. @param {any} element @param {Element} item @param {Element} heir @returns {any} */
export function counterpart(element, item, heir) {
  if (element === item) return heir;
  const name = localName(element);
  const other = querySelectorAll(heir, name)[[...querySelectorAll(item, name)].indexOf(element)];
  return other && ["name", "type"].every((name) => getAttribute(other, name) === getAttribute(element, name)) ? other : undefined;
}

/**
 * Give a control the state of the one in whose place it is, unless the server has answered that with another value.
 * @param {any} from
 * @param {any} to
 */
export function carryState(from, to) {
  if (!to) return;
  const initial = isCheckable(from) ? "defaultChecked" : "defaultValue";
  if (from[initial] !== to[initial]) core.preserveInput(from, () => {}); // shows the server's value unless it was edited since
  if (!isDirty(from)) return;
  if (isCheckable(from)) to.checked = from.checked;
  else if (from.type === "file") to.files = from.files;
  else if (from.options) for (const option of to.options) option.selected = [...from.selectedOptions].some(({ value }) => value === option.value);
  else to.value = from.value;
}
