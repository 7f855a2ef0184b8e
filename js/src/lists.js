// Lists: items known by ordinals that the server hands out; edits are inserts, moves and removals.
//
// In the form `[a,b` an item is one element with `a` characters of white space before it and `b` after it. The parser
// has merged one item's tail with the next one's head: they are split when an item is inserted, moved or removed.
// In the form `[` an item is whatever stands before its comment `,`.

import { broken, closing, comment, opens } from "./place.js";
import { ITEM_END } from "./wire.js";

/** @typedef {import("./fragments.js").Shapes} Shapes */
/** @typedef {import("./fragments.js").Fragment} Fragment */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {{ first: Node, last: Node, fragment?: Fragment }} Item first and last are the same: the element of a form `[a,b` */
/** @typedef {number | [number, number, ...any[]]} Edit ordinal: remove; [ordinal, before]: move; [ordinal, before, shape, ...values]: insert */

export class List {
  /**
   * @param {Place} place
   * @param {string} form what follows the marker: "" or "a,b"
   * @param {Shapes} shapes
   */
  constructor(place, form, shapes) {
    this.place = place;
    this._shapes = shapes;
    /** @type {number[] | null} */
    this._space = form ? form.split(",").map(Number) : null;
    /** @type {Map<number, Item> | null} */
    this._items = null;
  }

  /** Items by ordinal; those of the page's HTML are numbered in their order, when first asked for. */
  get items() {
    return (this._items ??= new Map([...this._scan()].entries()));
  }

  /** @returns {Generator<Item>} */
  *_scan() {
    const { close } = this.place;
    /** @type {Node | null} */
    let first = this.place.first;
    /** @type {Node | null} */
    let node = first;
    for (; node && node !== close; node = node.nextSibling) {
      const text = comment(node);
      if (this._space) {
        if (node.nodeType === 1) yield { first: node, last: node };
      } else if (text === ITEM_END) {
        yield { first: /** @type {Node} */ (first), last: node };
        first = node.nextSibling;
      } else if (opens(text)) node = closing(node);
    }
  }

  /** @param {any[][]} values */
  set(values) {
    this._items = new Map();
    const all = document.createDocumentFragment();
    values.forEach((value, ordinal) => all.append(this._create(ordinal, value)));
    this.place.clear();
    this.place.append(all);
  }

  /** @param {{ l: any[][] } | any[]} change */
  patch(change) {
    if (!Array.isArray(change)) return this.set(change.l);
    let i = 0;
    if (Array.isArray(change[0])) for (const edit of change[i++]) this._edit(edit);
    for (; i < change.length; i += 2) this.fragment(change[i]).patch(change[i + 1]);
  }

  /** @param {Edit} edit */
  _edit(edit) {
    if (typeof edit === "number") return this._remove(edit);
    const [ordinal, before, ...value] = edit;
    const anchor = before < 0 ? this.place.close : this._nodes(this._item(before))[0] ?? null;
    const { parent } = this.place;
    if (value.length) parent.insertBefore(this._create(ordinal, value), anchor);
    else for (const node of this._nodes(this._item(ordinal))) move(parent, node, anchor);
  }

  /** @param {number} ordinal */
  _remove(ordinal) {
    for (const node of this._nodes(this._item(ordinal))) this.place.parent.removeChild(node);
    this.items.delete(ordinal);
  }

  /** @param {number} ordinal @param {any[]} value */
  _create(ordinal, value) {
    const [nodes, fragment] = this._shapes.create(value);
    if (!this._space && comment(nodes.lastChild ?? nodes) !== ITEM_END) nodes.append(document.createComment(ITEM_END));
    const element = this._space && nodes.firstElementChild;
    const first = element || nodes.firstChild;
    const last = element || nodes.lastChild;
    if (!first || !last) return broken("an item without nodes");
    this.items.set(ordinal, { first, last, fragment });
    return nodes;
  }

  /** @param {number} ordinal */
  _item(ordinal) {
    return this.items.get(ordinal) ?? broken(`no item ${ordinal}`);
  }

  /** All nodes of an item, white space included. @param {Item} item */
  _nodes({ first, last }) {
    if (this._space) [first, last] = isolate(first, this._space);
    const nodes = [first];
    for (let node = first; node !== last; nodes.push(node)) node = node.nextSibling ?? broken("an item that doesn't end");
    return nodes;
  }

  /** @param {number} ordinal @returns {Fragment} */
  fragment(ordinal) {
    const item = this._item(ordinal);
    return (item.fragment ??= this._shapes.adopt(item.first, item.last.nextSibling));
  }

  /**
   * The item in which `node` is, when it is in this list.
   * @param {Node} node
   * @returns {[number[], Fragment] | null} the address from here, the item's fragment
   */
  holding(node) {
    for (let child = this.place.holding(node); child; child = child.nextSibling) {
      for (const [ordinal, { last }] of this.items) if (last === child) return [[ordinal], this.fragment(ordinal)];
    }
    return null;
  }
}

/**
 * Gives an element's white space text nodes of its own.
 * @param {Node} element
 * @param {number[]} space
 * @returns {[Node, Node]} the item's first and last node
 */
function isolate(element, [head = 0, tail = 0]) {
  const { previousSibling: before, nextSibling: after } = element;
  if (!head && !tail) return [element, element];
  if (head && !(before instanceof Text && before.length >= head)) return broken("white space before an item");
  if (tail && !(after instanceof Text && after.length >= tail)) return broken("white space after an item");
  const text = /** @type {Text} */ (before);
  const first = head ? (text.length > head ? text.splitText(text.length - head) : text) : element;
  if (tail && /** @type {Text} */ (after).length > tail) /** @type {Text} */ (after).splitText(tail);
  return [first, tail ? /** @type {Node} */ (after) : element];
}

/**
 * Moves without a loss of state (focus, media, frames) where the browser can.
 * @param {any} parent
 * @param {Node} node
 * @param {Node | null} anchor
 */
function move(parent, node, anchor) {
  if (parent.moveBefore && node.isConnected) parent.moveBefore(node, anchor);
  else parent.insertBefore(node, anchor);
}
