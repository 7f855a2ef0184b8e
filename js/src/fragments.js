// Fragments: live instances of shapes, each known by its slots. Its markers are walked once, when it is first addressed;
// whatever stands in its children and items is left for walks of their own. (Slots hold fragments, and fragments slots: this
// module and those of slots know each other.)

import { parse } from "./html.js";
import { listSlot } from "./lists.js";
import { closing, comment, opens, Place } from "./markers.js";
import { attributeSlot, childSlot, tagSlot } from "./slots.js";
import { CHILD_OPEN, LIST_OPEN, MARK, MARK_CHILD, MARK_EVENT, MARK_TAG } from "./wire.js";

/** @typedef {[address: number[], slots: Slot[]]} Held what a slot has around a node: an ordinal if it is a list, a fragment's slots */
/**
 * @typedef {object} Slot
 * @property {(value: any) => void} [set]
 * @property {(change: any) => void} [patch]
 * @property {(node: Node) => Held | null} [holding]
 * @property {Element} [element] of an action: what an event on it calls. It has a number among the slots and no value
 * @property {string} [descriptor] of an action: "@input.debounce.300"
 */

/** @type {Map<number, DocumentFragment>} the shapes that this connection's server has sent */
const shapes = new Map();
/** @type {(nodes: ParentNode) => void} */
let watcher;

/** @param {typeof watcher} watch is told of the page's own markup first */
export function watchMarkup(watch) {
  watcher = watch;
  watcher(document);
}

/** Tells of markup that the page hasn't had. @param {ParentNode} nodes */
export const meetMarkup = (nodes) => watcher(nodes);

/** @param {any[]} definitions id, html, id, html ...; [root, html] for foreign content */
export function define(definitions) {
  for (let i = 0; i < definitions.length; i += 2) {
    const [html, root] = [definitions[i + 1]].flat().reverse();
    const nodes = parse(html, root);
    watcher(nodes);
    shapes.set(definitions[i], nodes);
  }
}

/**
 * Nodes of a fragment.
 * @param {any[]} value shape, value, value ...
 */
export function create([id, ...values]) {
  const nodes = document.importNode(/** @type {DocumentFragment} */ (shapes.get(id)), true);
  let i = 0;
  for (const { set } of adopt(nodes.firstChild, null)) set?.(values[i++]);
  return nodes;
}

/**
 * @param {Slot[]} slots
 * @param {any[]} changes slot, change, slot, change ...
 */
export function patch(slots, changes) {
  for (let i = 0; i < changes.length; i += 2) /** @type {(change: any) => void} */ (slots[changes[i]]?.patch)(changes[i + 1]);
}

/**
 * The address of an action.
 * @param {Slot[]} slots from which it starts
 * @param {Element} element
 * @param {string} descriptor
 * @returns {number[] | null}
 */
export function addressOf(slots, element, descriptor) {
  for (const [number, slot] of slots.entries()) {
    if (slot.element === element && slot.descriptor === descriptor) return [number];
    const held = slot.holding?.(element);
    const rest = held && addressOf(held[1], element, descriptor);
    if (rest) return [number, ...held[0], ...rest];
  }
  return null;
}

/**
 * The slots from `node` up to `stop`, in document order.
 * @param {Node | null} node
 * @param {Node | null} stop
 * @param {Slot[]} [slots] those before
 */
export function adopt(node, stop, slots = []) {
  for (; node && node !== stop; node = node.nextSibling) {
    const text = comment(node);
    if (opens(text)) {
      const close = closing(node);
      slots.push(contentSlot(text, new Place(node, node, close)));
      node = close;
    } else if (node instanceof Element && !adoptElement(node, slots)) adopt(node.firstChild, null, slots);
  }
  return slots;
}

/**
 * @param {Element} element
 * @param {Slot[]} slots
 * @returns {boolean} whether its whole content is one slot
 */
function adoptElement(element, slots) {
  let whole = false;
  for (const mark of element.getAttribute(MARK)?.split(" ") ?? []) {
    if (mark === MARK_TAG) slots.push(tagSlot(element));
    else if (mark[0] === MARK_EVENT) slots.push({ element, descriptor: mark });
    else if (mark !== MARK_CHILD && mark[0] !== LIST_OPEN) slots.push(attributeSlot(element, mark));
    else {
      whole = true;
      slots.push(contentSlot(mark, new Place(/** @type {any} */ (element).content ?? element)));
    }
  }
  return whole;
}

/** @param {string} mark @param {Place} place */
const contentSlot = (mark, place) =>
  mark === CHILD_OPEN || mark === MARK_CHILD ? childSlot(place) : listSlot(place, mark.slice(1));
