// Lists: items known by ordinals that the server hands out; edits are inserts, moves and removals.
//
// In the form `[a,b` an item is one element with `a` characters of white space before it and `b` after it. The parser
// has merged one item's tail with the next one's head: they are split when an item is inserted, moved or removed.
// In the form `[` an item is whatever stands before its comment `,`.

import { adopt, create, patch } from "./fragments.js";
import { closing, comment, opens } from "./markers.js";
import { within } from "./values.js";
import { ITEM_END } from "./wire.js";

/** @typedef {import("./fragments.js").Slot} Slot */
/** @typedef {import("./markers.js").Place} Place */
/** @typedef {{ first: Node, last: Node, slots?: Slot[] }} Item in the form `[a,b` both are the element */

/**
 * @param {Place} place
 * @param {string} form what follows the marker: "" or "a,b"
 * @returns {Slot}
 */
export function listSlot(place, form) {
  const [head = 0, tail = 0] = form.split(",").map(Number);
  /** @type {Map<number, Item>} by ordinal; those of HTML are numbered in their order, before others put nodes among them */
  let items = new Map([...scan(place.first, place.close, !!form)].entries());

  /** @param {number} ordinal */
  const item = (ordinal) => /** @type {Item} */ (items.get(ordinal));

  /** @param {number} ordinal */
  const inside = (ordinal) => {
    const found = item(ordinal);
    return (found.slots ??= adopt(found.first, found.last.nextSibling));
  };

  /** All nodes of an item, white space included. @param {number} ordinal */
  const nodesOf = (ordinal) => {
    let { first, last } = item(ordinal);
    if (head) first = cut(/** @type {Text} */ (first.previousSibling), -head);
    if (tail) cut(/** @type {Text} */ (last = /** @type {Text} */ (last.nextSibling)), tail);
    return between(first, last.nextSibling);
  };

  /** @param {number} ordinal @param {any[]} value */
  const createItem = (ordinal, value) => {
    const nodes = create(value);
    if (!form && comment(nodes.lastChild) !== ITEM_END) nodes.append(new Comment(ITEM_END));
    const [only] = form ? nodes.children : [];
    items.set(ordinal, { first: only ?? /** @type {Node} */ (nodes.firstChild), last: only ?? /** @type {Node} */ (nodes.lastChild) });
    return nodes;
  };

  /** @param {number | [number, number, ...any[]]} edit ordinal: remove; ordinal, before: move; ordinal, before, value ...: insert */
  const apply = (edit) => {
    const { parent } = place;
    const [ordinal, before, ...value] = /** @type {number[]} */ ([edit]).flat(1);
    const anchor = before < 0 ? place.close : before === undefined ? null : nodesOf(before)[0];
    if (value.length) parent.insertBefore(createItem(ordinal, value), anchor);
    else if (before !== undefined) move(parent, nodesOf(ordinal), anchor);
    else {
      for (const node of nodesOf(ordinal)) parent.removeChild(node);
      items.delete(ordinal);
    }
  };

  /** @param {any[][]} values */
  const set = (values) => {
    const nodes = new DocumentFragment();
    items = new Map();
    values.forEach((value, ordinal) => nodes.append(createItem(ordinal, value)));
    place.fill(nodes);
  };

  return {
    set,
    patch(change) {
      let i = 0;
      if (change.l) within(place.parent, () => set(change.l));
      else if (Array.isArray(change[0])) within(place.parent, () => change[i++].forEach(apply));
      for (; i < change.length; i += 2) patch(inside(change[i]), change[i + 1]);
    },
    holding(node) {
      for (let child = place.holding(node); child; child = child.nextSibling)
        for (const [ordinal, { last }] of items) if (last === child) return [[ordinal], inside(ordinal)];
      return null;
    },
  };
}

/**
 * The items in HTML.
 * @param {Node | null} first
 * @param {Node | null} stop
 * @param {boolean} elements whether each is one element
 * @returns {Generator<Item>}
 */
function* scan(first, stop, elements) {
  for (let node = first; node && node !== stop; node = node.nextSibling) {
    const text = comment(node);
    if (elements) {
      if (node instanceof Element) yield { first: node, last: node };
    } else if (text === ITEM_END) {
      yield { first: /** @type {Node} */ (first), last: node };
      first = node.nextSibling;
    } else if (opens(text)) node = closing(node);
  }
}

/**
 * Makes a node of the first `count` characters, or of the last `-count`.
 * @param {Text} text
 * @param {number} count
 * @returns {Text} the latter part, unless the text is just that long; there is no other, or none, without an error
 */
function cut(text, count) {
  const { length } = text;
  return length === Math.abs(count) && text instanceof Text ? text : text.splitText(count < 0 ? length + count : count);
}

/** Siblings. @param {Node | null} node the first @param {Node | null} [stop] behind the last */
function between(node, stop) {
  const nodes = [];
  for (; node && node !== stop; node = node.nextSibling) nodes.push(node);
  return nodes;
}

/**
 * Moves siblings without a loss of state (media, frames) where the browser can. Where the person is, in what has the focus or
 * is selected, nothing moves: that would end a composition, or a selection. The others go to its other side.
 * @param {any} parent
 * @param {Node[]} nodes
 * @param {Node | null} anchor
 */
export function move(parent, nodes, anchor) {
  const { anchorNode } = /** @type {Selection} */ (getSelection());
  if (nodes.some((node) => node.contains(anchorNode) || node.contains(document.activeElement))) {
    const first = nodes[0], end = /** @type {Node} */ (nodes.at(-1)).nextSibling;
    const down = !anchor || between(end).includes(anchor);
    nodes = down ? between(end, anchor) : between(anchor, first);
    anchor = down ? first : end;
  }
  for (const node of nodes) parent[parent.moveBefore ? "moveBefore" : "insertBefore"](node, anchor);
}
