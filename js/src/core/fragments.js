// Fragments: the parts of the page that the server patches.
//
// A *shape* is inert HTML with markers; the server sends each once. A *fragment* is an instance of a shape, known by its
// *slots*: attributes, tags, contents and lists that can change, numbered in document order. A patch addresses them by
// number. For the template
//
//     <p class="{{ mood }}">Hello {{ name }}</p>
//
// the server writes
//
//     <p data-l="class" class="glad">Hello <!--(-->Ann<!--)--></p>
//
// `adopt` finds two slots: 0, the attribute, and 1, the text between the comments. The patch `[1, "Bob"]` changes the text.
// A fragment's markers are read once, when it is first addressed; those of nested fragments and list items are read when these
// are first addressed themselves. Fragments and slots are in one module, since each contains the other.

/** @import { RawBase } from "../interface.js" */
import { isWatched, marksOf } from "./calls.js";
import { requestFullPage } from "./connection.js";
import { lazy } from "./lazy.js";
import { contains, firstChild, insertBefore, nextSibling, previousSibling, remove, replaceChildren } from "./members.js";
import { splice } from "./text.js";
import { changeContent, updateAttribute } from "./values.js";
import { CHILD_CLOSE, CHILD_REST, ITEM_END, LIST_CLOSE, LIST_OPEN, MARK_CHILD, MARK_EVENT, MARK_TAG } from "./wire.js";

// The only place where the client parses HTML. Scripts in it don't run.

/** Used as the policy in browsers without trusted types. @type {{ createHTML(html: string): any }} */
const rules = { createHTML: (html) => html };
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("liveactions", rules) ?? rules;

/** Mark HTML of the server as trusted (Trusted Types API). @param {string} html @returns {any} */
export const trusted = (html) => policy.createHTML(html);

/**
 * Parse HTML that may have any parent. In an array, the HTML is wrapped in an element such as `svg`, which is dropped again:
 * the result is that element's content.
 * @param {string | [string]} html
 * @returns {DocumentFragment}
 */
export function parse(html) {
  // In a document that runs scripts: a template of its own would parse the content of `noscript` as elements.
  const holder = document.createElement("p");
  holder.innerHTML = trusted(`<template>${html}</template>`);
  const { content } = /** @type {HTMLTemplateElement} */ (holder.firstChild);
  if (Array.isArray(html)) replaceChildren(content, .../** @type {Node} */ (content.firstChild).childNodes);
  return content;
}

// Comments among siblings mark where slots begin and end.

/** The text of a comment; "" for other nodes. @param {Node | null} node @returns {string} */
export const comment = (node) => (node instanceof Comment ? node.data : "");

/**
 * Whether a comment opens a slot (CHILD_OPEN, LIST_OPEN). False for comments of the author, such as <!--[if IE]>.
 * @param {string} text
 */
export const opens = (text) => /^(\(|\[(\d+,\d+)?)$/.test(text);

/**
 * Find the comment that closes the range that `node` opens.
 * @param {Node | null} node
 * @returns {Node | null} null if something has moved it elsewhere; the whole page is requested then
 */
export function closing(node) {
  for (let depth = 1; depth && node; ) {
    node = nextSibling(node);
    const text = comment(node);
    if (opens(text)) depth++;
    else if (text === CHILD_CLOSE || text === LIST_CLOSE) depth--;
  }
  if (!node) requestFullPage();
  return node;
}

/** The nodes between two comments, or all children of a parent. */
export class SlotRange {
  /**
   * @param {Node | null} parent null if there are comments, which may move to another parent
   * @param {Node | null} [opening]
   * @param {Node | null} [closing]
   */
  constructor(parent, opening = null, closing = null) {
    this._parent = parent;
    this.opening = opening;
    this.closing = closing;
  }

  get container() {
    return /** @type {ParentNode & Node} */ (this._parent ?? /** @type {Node} */ (this.opening).parentNode);
  }

  get first() {
    return this._parent ? firstChild(this._parent) : /** @type {Node} */ (this.opening).nextSibling;
  }

  /** Replace the nodes of the range. @param {Node | ""} content "" leaves it empty */
  fillWith(content) {
    const { container, closing } = this;
    if (this._parent) replaceChildren(container); // one change for mutation observers, however many children there are
    nodesBetween(this.first, closing).forEach(remove);
    if (content) insertBefore(container, content, closing);
  }
}

/** @typedef {[address: number[], slots: Slot[]]} Held the fragment around a node: the ordinal of its item, if it is in a list, and its slots */
/**
 * @typedef {object} Slot
 * @property {(value: any) => void} [setValue] fills the slot in a new fragment
 * @property {(change: any) => void} [applyChange] applies a change of a patch
 * @property {(node: Node) => Held | false | undefined} [holding] finds the slot's fragment that contains a node, if one does
 * @property {Element} [element] the element with an action. An action is numbered like any slot, but has no value
 * @property {string} [descriptor] the action's mark, such as "@input.debounce.300"
 */

/**
 * @typedef {DocumentFragment & { slots?: Slot[], seen?: boolean }} Shape `slots` are its slots, once values were written into
 * it; `seen` means that the watcher doesn't need to see further fragments of it
 */
/** @type {Map<number, Shape>} the shapes that the server has sent, by id */
const shapes = new Map();
/** @type {(elements: Iterable<Element>) => unknown} returns whether it has to see further elements of the same shape, too */
let watcher;

/**
 * Set the function that receives all elements that come to the page, and call it with those that are there.
 * @param {typeof watcher} watch
 */
export function watchMarkup(watch) {
  watcher = watch;
  scanMarkup(document);
}

/** Pass new elements to the watcher. @param {ParentNode} nodes */
export const scanMarkup = (nodes) => watcher(nodes.querySelectorAll("*"));

/** Store shapes. @param {any[]} definitions id, HTML, id, HTML ...; see `parse` */
export function define(definitions) {
  for (let i = 0; i < definitions.length; i += 2) shapes.set(definitions[i], parse(definitions[i + 1]));
}

/** Elements with a state of their own, which would be copied with them. */
const STATEFUL = "input,select,textarea,audio,video";

/**
 * Create the nodes of a fragment. If all values are strings, they are written into the shape, which is copied then: this is
 * much faster than finding the slots of each copy.
 * @param {any[]} value id of the shape, value, value ...
 */
export function create([id, ...values]) {
  const shape = /** @type {Shape} */ (shapes.get(id));
  const copy = () => {
    const nodes = document.importNode(shape, true);
    shape.seen ||= !scanMarkup(nodes);
    return nodes;
  };
  const isOwn = shape.querySelector(STATEFUL) || values.some((value) => value instanceof Object);
  const nodes = isOwn ? copy() : shape;
  for (const { setValue } of /** @type {Shape} */ (nodes).slots ??= adopt(nodes.firstChild)) setValue?.(/** @type {any} */ (values.shift()));
  return isOwn ? nodes : copy();
}

/**
 * Apply a patch to the slots of a fragment.
 * @param {Slot[]} slots
 * @param {any[]} changes slot number, change, slot number, change ...
 */
export function patch(slots, changes) {
  for (let i = 0; i < changes.length; i += 2) /** @type {any} */ (slots[changes[i]]).applyChange(changes[i + 1]);
}

/**
 * Find the address of an action.
 * @param {Slot[]} slots those of the fragment where the address begins
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
 * Find the slots of a fragment, from `node` up to `stop`, in document order.
 * @param {Node | null} node
 * @param {Node | null} [stop] the node after the last
 * @param {Slot[]} [slots] the slots found so far, which are extended
 */
export function adopt(node, stop, slots = []) {
  for (; node && node !== stop; node = node && nextSibling(node)) {
    const text = comment(node);
    if (text === CHILD_REST || opens(text)) {
      const close = text === CHILD_REST ? null : closing(node);
      slots.push(contentSlot(text, new SlotRange(null, node, close)));
      node = close;
    } else if (node instanceof Element && !adoptElement(node, slots)) adopt(firstChild(node), null, slots);
  }
  return slots;
}

/**
 * Add the slots that an element owns.
 * @param {Element} element
 * @param {Slot[]} slots
 * @returns {boolean} whether the element's whole content is one slot
 */
function adoptElement(element, slots) {
  let whole = false;
  for (const mark of marksOf(element)) {
    if (mark === MARK_TAG) slots.push(tagSlot(element));
    else if (mark[0] === MARK_EVENT) slots.push({ element, descriptor: mark });
    else if (mark !== MARK_CHILD && mark[0] !== LIST_OPEN) slots.push(attributeSlot(element, mark));
    else {
      whole = true;
      slots.push(contentSlot(mark, new SlotRange(element instanceof HTMLTemplateElement ? element.content : element)));
    }
  }
  return whole;
}

/** A slot for the content of a range. @param {string} mark @param {SlotRange} range */
const contentSlot = (mark, range) => (mark[0] === LIST_OPEN ? listSlot(range, mark.slice(1)) : childSlot(range));

// The kinds of slots.

/**
 * A slot for the value of one attribute.
 * @param {Element} element
 * @param {string} name
 * @returns {Slot}
 */
function attributeSlot(element, name) {
  const set = (/** @type {string | null} */ value) => updateAttribute(element, name, value);
  return { setValue: set, applyChange: set };
}

/**
 * A slot for attributes whose names vary. Its value: name, value, name, value ...; null removes an attribute.
 * @param {Element} element
 * @returns {Slot}
 */
function tagSlot(element) {
  /** @param {any[]} pairs */
  const set = (pairs) => {
    for (let i = 0; i < pairs.length; i += 2) {
      updateAttribute(element, pairs[i], pairs[i + 1]);
      if (isWatched(pairs[i])) watcher([element]);
    }
  };
  return { setValue: set, applyChange: set };
}

/**
 * A slot for text, raw HTML or a fragment.
 * @param {SlotRange} range
 * @returns {Slot}
 */
export function childSlot(range) {
  /** @type {Slot[] | null} the slots of the fragment in it, once they were needed */
  let slots;
  const inside = () => (slots ??= adopt(range.first, range.closing));
  /** @type {RawBase | null | undefined} the raw HTML in it, if it has any */
  let base;
  /** @param {any} value text; a fragment, as an array; or a change of raw HTML, as an object */
  const set = (value) => {
    const { first } = range;
    const known = base;
    slots = base = null;
    if (Array.isArray(value)) range.fillWith(create(value));
    else if (typeof value != "string") base = lazy?.setRaw(range, value, known);
    else if (value && first instanceof Text && first.nextSibling === range.closing) splice(first, value);
    else range.fillWith(value && new Text(value));
  };
  return {
    setValue: set,
    applyChange(change) {
      if (Array.isArray(change)) patch(inside(), change);
      else changeContent(range.container, () => set(change.f ?? change));
    },
    holding: (node) => isWithin(node, range.first, range.closing) && [[], inside()],
  };
}

// Lists. The server identifies items by ordinals, and sends insertions, moves and removals.
//
// The opening comment says how items are separated. With `[a,b` each item is one element, with `a` characters of white space
// before it and `b` after it. The parser has merged the white space between two items into one text node, which is split when
// an item is inserted, moved or removed. With `[` an item is everything before its closing comment `,`.

/** @typedef {{ first: Node, last: Node, slots?: Slot[] }} Item with `[a,b`, both nodes are the element */

/**
 * A slot for the items of a list.
 * @param {SlotRange} range
 * @param {string} form what follows `[` in the marker: "" or "a,b"
 * @returns {Slot}
 */
export function listSlot(range, form) {
  const [head = 0, tail = 0] = form.split(",").map(Number);
  /** @type {Map<number, Item>} by ordinal. Items of the initial HTML are found at once, before scripts add nodes among them */
  let items = new Map([...scan(range.first, range.closing, !!form)].entries());

  /** @param {number} ordinal */
  const item = (ordinal) => /** @type {Item} */ (items.get(ordinal));

  /** @param {number} ordinal */
  const inside = (ordinal) => {
    const found = item(ordinal);
    return (found.slots ??= adopt(found.first, nextSibling(found.last)));
  };

  /** All nodes of an item, with its white space. @param {number} ordinal */
  const nodesOf = (ordinal) => {
    let { first, last } = item(ordinal);
    if (head) first = cut(/** @type {Text} */ (previousSibling(first)), -head);
    if (tail) cut(/** @type {Text} */ (last = /** @type {Text} */ (nextSibling(last))), tail);
    return nodesBetween(first, nextSibling(last));
  };

  /** @param {number} ordinal @param {any[]} value */
  const createItem = (ordinal, value) => {
    const nodes = create(value);
    if (!form && comment(nodes.lastChild) !== ITEM_END) nodes.append(new Comment(ITEM_END));
    const only = form && nodes.firstElementChild;
    items.set(ordinal, { first: only || /** @type {Node} */ (nodes.firstChild), last: only || /** @type {Node} */ (nodes.lastChild) });
    return nodes;
  };

  /**
   * Remove (ordinal), move (ordinal, before) or insert (ordinal, before, value ...) an item.
   * @param {number | [number, number, ...any[]]} edit `before` is the ordinal of the item that follows, -1 at the end
   */
  const apply = (edit) => {
    const [ordinal, before, ...value] = /** @type {number[]} */ ([edit]).flat();
    if (before == null) {
      nodesOf(ordinal).forEach(remove);
      items.delete(ordinal);
      return;
    }
    const anchor = before < 0 ? range.closing : nodesOf(before)[0];
    if (value.length) insertBefore(range.container, createItem(ordinal, value), anchor);
    else lazy?.moveSiblings(range.container, nodesOf(ordinal), anchor);
  };

  /** @param {any[][]} values */
  const set = (values) => {
    const nodes = new DocumentFragment();
    items = new Map();
    values.forEach((value, ordinal) => nodes.append(createItem(ordinal, value)));
    range.fillWith(nodes);
  };

  return {
    setValue: set,
    applyChange(change) {
      let i = 0;
      if (change.l) changeContent(range.container, () => set(change.l));
      else if (Array.isArray(change[0])) changeContent(range.container, () => change[i++].forEach(apply));
      for (; i < change.length; i += 2) patch(inside(change[i]), change[i + 1]);
    },
    holding(node) {
      for (const [ordinal, { first, last }] of items)
        if (isWithin(node, first, nextSibling(last))) return [[ordinal], inside(ordinal)];
      return undefined;
    },
  };
}

/**
 * Find the items of a list in the page.
 * @param {Node | null} first
 * @param {Node | null} stop
 * @param {boolean} elements whether each is one element
 * @returns {Generator<Item>}
 */
function* scan(first, stop, elements) {
  for (let node = first; node && node !== stop; node = node && nextSibling(node)) {
    const text = comment(node);
    if (opens(text)) node = closing(node);
    else if (elements ? node instanceof Element : text === ITEM_END) {
      yield { first: elements ? node : /** @type {Node} */ (first), last: node };
      first = nextSibling(node);
    }
  }
}

/**
 * Split the first `count` characters off a text node, or the last `-count` if it is negative.
 * @param {Text} text
 * @param {number} count
 * @returns {Text} the part after the split; the text itself if it has exactly that length. Throws if there is no such text
 */
function cut(text, count) {
  const { length } = text;
  return length === Math.abs(count) && text instanceof Text ? text : text.splitText(count < 0 ? length + count : count);
}

/**
 * Whether a node is one of some siblings, or in one of them.
 * @param {Node} node
 * @param {Node | null} first
 * @param {Node | null} stop
 */
const isWithin = (node, first, stop) =>
  nodesBetween(first, stop).some((sibling) => contains(sibling, node));

/** Collect siblings. @param {Node | null} node the first @param {Node | null} stop the one after the last */
function nodesBetween(node, stop) {
  const nodes = [];
  for (; node && node !== stop; node = nextSibling(node)) nodes.push(node);
  return nodes;
}
