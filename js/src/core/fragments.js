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
// The markers of a fragment are walked once, when it is first addressed. Fragments and items nested in its slots are walked
// when they are first addressed themselves. Slots hold fragments and fragments hold slots, which is why both are here.

/** @import { RawBase } from "../interface.js" */
import { isWatched, marksOf } from "./calls.js";
import { requestFullPage } from "./connection.js";
import { lazy } from "./lazy.js";
import { contains, firstChild, insertBefore, nextSibling, previousSibling, remove } from "./members.js";
import { splice } from "./text.js";
import { changeContent, updateAttribute } from "./values.js";
import { CHILD_CLOSE, CHILD_REST, ITEM_END, LIST_CLOSE, LIST_OPEN, MARK_CHILD, MARK_EVENT, MARK_TAG } from "./wire.js";

// The client's one sink for HTML. Whatever is parsed here stays inert: scripts don't run.

/** Without trusted types it is the policy itself. @type {{ createHTML(html: string): any }} */
const rules = { createHTML: (html) => html };
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("liveactions", rules) ?? rules;

/** @param {string} html @returns {any} what a policy of trusted types lets through */
export const trusted = (html) => policy.createHTML(html);

/**
 * What HTML looks like as content of nothing; in a list of one, that of the element that is around it, such as an `svg`.
 * @param {string | [string]} html
 * @returns {DocumentFragment}
 */
export function parse(html) {
  // Within an element of the page: a template by itself is parsed as if scripts were off, with elements in `noscript`.
  const holder = document.createElement("p");
  holder.innerHTML = trusted(`<template>${html}</template>`);
  const { content } = /** @type {HTMLTemplateElement} */ (holder.firstChild);
  if (Array.isArray(html)) content.replaceChildren(.../** @type {Node} */ (content.firstChild).childNodes);
  return content;
}

// Comments between siblings that say where slots stand.

/** @param {Node | null} node @returns {string} the text of a comment, else "" */
export const comment = (node) => (node instanceof Comment ? node.data : "");

/** Whether it is CHILD_OPEN or LIST_OPEN. @param {string} text nothing else that begins so: an author may write <!--[if IE]> */
export const opens = (text) => /^(\(|\[(\d+,\d+)?)$/.test(text);

/**
 * The comment that closes the range that `node` opens.
 * @param {Node | null} node
 * @returns {Node | null} null: something has moved it elsewhere, and the page is going to come whole
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

/** The nodes between two comments, or all of a parent's. */
export class SlotRange {
  /**
   * @param {Node} container of which it is the whole content, unless there is a comment: those move to other parents
   * @param {Node | null} [opening]
   * @param {Node | null} [closing]
   */
  constructor(container, opening = null, closing = null) {
    this._parent = container;
    this.opening = opening;
    this.closing = closing;
  }

  get container() {
    return /** @type {ParentNode & Node} */ (this.opening ? this.opening.parentNode : this._parent);
  }

  get first() {
    return this.opening ? this.opening.nextSibling : firstChild(this._parent);
  }

  /** @param {Node | string} content text, or nodes */
  fillWith(content) {
    const { container, closing } = this;
    nodesBetween(this.first, closing).forEach(remove);
    if (content) insertBefore(container, typeof content == "string" ? new Text(content) : content, closing);
  }
}

/** @typedef {[address: number[], slots: Slot[]]} Held what a slot has around a node: an ordinal if it is a list, a fragment's slots */
/**
 * @typedef {object} Slot
 * @property {(value: any) => void} [setValue]
 * @property {(change: any) => void} [applyChange]
 * @property {(node: Node) => Held | false} [holding] false: it isn't around the node
 * @property {Element} [element] of an action: what an event on it calls. It has a number among the slots and no value
 * @property {string} [descriptor] of an action: "@input.debounce.300"
 */

/**
 * @typedef {DocumentFragment & { slots?: Slot[], seen?: boolean }} Shape its slots, once texts were written into it; whether
 * the watcher needn't see any more fragments of it
 */
/** @type {Map<number, Shape>} the shapes that this connection's server has sent */
const shapes = new Map();
/** @type {(elements: Iterable<Element>) => unknown} returns whether each element like them has to be seen, too */
let watcher;

/** @param {typeof watcher} watch first receives the page's own markup */
export function watchMarkup(watch) {
  watcher = watch;
  scanMarkup(document);
}

/** Tells of markup that the page hasn't had. @param {ParentNode} nodes */
export const scanMarkup = (nodes) => watcher(nodes.querySelectorAll("*"));

/** @param {any[]} definitions id, html, id, html ...; see `parse` */
export function define(definitions) {
  for (let i = 0; i < definitions.length; i += 2) shapes.set(definitions[i], parse(definitions[i + 1]));
}

/** What has a state of its own, which copies would get. */
const STATEFUL = "input,select,textarea,audio,video";

/**
 * Nodes of a fragment. Where all values are texts, they are written into the shape, of which a copy is made then: finding the
 * slots in each copy would take most of the time.
 * @param {any[]} value shape, value, value ...
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
 * @param {Slot[]} slots
 * @param {any[]} changes slot, change, slot, change ...
 */
export function patch(slots, changes) {
  for (let i = 0; i < changes.length; i += 2) /** @type {any} */ (slots[changes[i]]).applyChange(changes[i + 1]);
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
 * @param {Node | null} [stop]
 * @param {Slot[]} [slots] those before
 */
export function adopt(node, stop, slots = []) {
  for (; node && node !== stop; node = node && nextSibling(node)) {
    const text = comment(node);
    if (text === CHILD_REST || opens(text)) {
      const close = text === CHILD_REST ? null : closing(node);
      slots.push(contentSlot(text, new SlotRange(/** @type {Node} */ (node.parentNode), node, close)));
      node = close;
    } else if (node instanceof Element && !adoptElement(node, slots)) adopt(firstChild(node), null, slots);
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

/** @param {string} mark @param {SlotRange} range */
const contentSlot = (mark, range) => (mark[0] === LIST_OPEN ? listSlot(range, mark.slice(1)) : childSlot(range));

// The places in a fragment that can change. `set` takes a value, as in a new fragment; `patch` a change.

/**
 * One attribute as a whole.
 * @param {Element} element
 * @param {string} name
 * @returns {Slot}
 */
function attributeSlot(element, name) {
  const set = (/** @type {string | null} */ value) => updateAttribute(element, name, value);
  return { setValue: set, applyChange: set };
}

/**
 * The attributes in a start tag whose names vary: name, value, name, value ...; null for those that go.
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
 * Text, raw HTML or a fragment, among siblings or as an element's whole content.
 * @param {SlotRange} range
 * @returns {Slot}
 */
export function childSlot(range) {
  /** @type {Slot[] | null} of the fragment that is there, once it was asked for */
  let slots;
  const inside = () => (slots ??= adopt(range.first, range.closing));
  /** @type {RawBase | null | undefined} what the server gave as HTML and is there */
  let base;
  /** @param {any} value text, a fragment, or a change of raw HTML */
  const set = (value) => {
    const { first } = range;
    const known = base;
    slots = base = null;
    if (Array.isArray(value)) range.fillWith(create(value));
    else if (typeof value != "string") base = lazy?.setRaw(range, value, known);
    else if (value && first instanceof Text && first.nextSibling === range.closing) splice(first, value);
    else range.fillWith(value);
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

// Lists: items known by ordinals that the server hands out; edits are inserts, moves and removals.
//
// In the form `[a,b` an item is one element with `a` characters of white space before it and `b` after it. The parser
// has merged one item's tail with the next one's head: they are split when an item is inserted, moved or removed.
// In the form `[` an item is whatever stands before its comment `,`.

/** @typedef {{ first: Node, last: Node, slots?: Slot[] }} Item in the form `[a,b` both are the element */

/**
 * @param {SlotRange} range
 * @param {string} form what follows the marker: "" or "a,b"
 * @returns {Slot}
 */
export function listSlot(range, form) {
  const [head = 0, tail = 0] = form.split(",").map(Number);
  /** @type {Map<number, Item>} by ordinal; those of HTML are numbered in their order, before others put nodes among them */
  let items = new Map([...scan(range.first, range.closing, !!form)].entries());

  /** @param {number} ordinal */
  const item = (ordinal) => /** @type {Item} */ (items.get(ordinal));

  /** @param {number} ordinal */
  const inside = (ordinal) => {
    const found = item(ordinal);
    return (found.slots ??= adopt(found.first, nextSibling(found.last)));
  };

  /** All nodes of an item, white space included. @param {number} ordinal */
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

  /** @param {number | [number, number, ...any[]]} edit ordinal: remove; ordinal, before: move; ordinal, before, value ...: insert */
  const apply = (edit) => {
    const [ordinal, before, ...value] = /** @type {number[]} */ ([edit]).flat(1);
    if (before === undefined) {
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
      return false;
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
 * Makes a node of the first `count` characters, or of the last `-count`.
 * @param {Text} text
 * @param {number} count
 * @returns {Text} the latter part, unless the text is just that long; there is no other, or none, without an error
 */
function cut(text, count) {
  const { length } = text;
  return length === Math.abs(count) && text instanceof Text ? text : text.splitText(count < 0 ? length + count : count);
}

/**
 * Whether a node is among siblings, or in one of them.
 * @param {Node} node
 * @param {Node | null} first
 * @param {Node | null} stop
 */
const isWithin = (node, first, stop) =>
  nodesBetween(first, stop).some((sibling) => contains(sibling, node));

/** Siblings. @param {Node | null} node the first @param {Node | null} stop behind the last */
function nodesBetween(node, stop) {
  const nodes = [];
  for (; node && node !== stop; node = nextSibling(node)) nodes.push(node);
  return nodes;
}
