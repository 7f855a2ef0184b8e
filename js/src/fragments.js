// Fragments: live instances of shapes. A fragment's markers are walked once, when it is first addressed;
// whatever stands in its children and items is left for their own walks.

import { AUTOFOCUS, wishIn } from "./focus.js";
import { parse, rootFor } from "./html.js";
import { List } from "./lists.js";
import { broken, closing, comment, opens, Place } from "./place.js";
import { Action, Attribute, Child, Tag } from "./slots.js";
import { CHILD_OPEN, LIST_OPEN, MARK, MARK_CHILD, MARK_EVENT, MARK_TAG } from "./wire.js";

/** @typedef {Attribute | Tag | Action | Child | List} Slot */

export class Fragment {
  /** @param {Slot[]} slots in document order */
  constructor(slots) {
    this.slots = slots;
  }

  /** @param {any[]} values of all slots but actions */
  fill(values) {
    let i = 0;
    for (const slot of this.slots) if (!(slot instanceof Action)) slot.set(values[i++]);
  }

  /** @param {any[]} changes slot, change, slot, change ... */
  patch(changes) {
    for (let i = 0; i < changes.length; i += 2) {
      const slot = this.slots[changes[i]];
      if (!slot || slot instanceof Action) broken(`no slot ${changes[i]}`);
      else slot.patch(changes[i + 1]);
    }
  }

  /**
   * The address of an action slot.
   * @param {Element} element
   * @param {string} descriptor
   * @returns {number[] | null} from this fragment
   */
  address(element, descriptor) {
    for (const [number, slot] of this.slots.entries()) {
      if (slot instanceof Action && slot.element === element && slot.descriptor === descriptor) return [number];
      if (!(slot instanceof Child || slot instanceof List)) continue;
      const held = slot.holding(element);
      const rest = held?.[1].address(element, descriptor);
      if (held && rest) return [number, ...held[0], ...rest];
    }
    return null;
  }
}

/** The shapes that this connection's server has sent. */
export class Shapes {
  /** @param {(nodes: DocumentFragment) => void} onMarkup is told of markup that the page hasn't had */
  constructor(onMarkup) {
    this._onMarkup = onMarkup;
    /** @type {Map<number, [DocumentFragment, boolean]>} with whether it wishes for focus */
    this._known = new Map();
  }

  /** @param {any[]} definitions id, html, id, html ...; [root, html] for foreign content */
  define(definitions) {
    for (let i = 0; i < definitions.length; i += 2) {
      const html = definitions[i + 1];
      const nodes = typeof html === "string" ? parse(html) : parse(html[1], html[0]);
      this._onMarkup(nodes);
      this._known.set(definitions[i], [nodes, !!nodes.querySelector(AUTOFOCUS)]);
    }
  }

  /**
   * @param {any[]} value shape, value, value ...
   * @returns {[DocumentFragment, Fragment]}
   */
  create([id, ...values]) {
    const [shape, wishes] = this._known.get(id) ?? broken(`no shape ${id}`);
    const nodes = document.importNode(shape, true);
    if (wishes) wishIn(nodes);
    const fragment = this.adopt(nodes.firstChild, null);
    fragment.fill(values);
    return [nodes, fragment];
  }

  /**
   * @param {string} html
   * @param {Node} parent where it is going to stand
   */
  raw(html, parent) {
    const nodes = document.importNode(parse(html, rootFor(parent)), true);
    this._onMarkup(nodes);
    wishIn(nodes);
    return nodes;
  }

  /**
   * The fragment that stands from `first` up to `stop`.
   * @param {Node | null} first
   * @param {Node | null} stop
   */
  adopt(first, stop) {
    /** @type {Slot[]} */
    const slots = [];
    this._walk(first, stop, slots);
    return new Fragment(slots);
  }

  /**
   * @param {Node | null} node
   * @param {Node | null} stop
   * @param {Slot[]} slots
   */
  _walk(node, stop, slots) {
    for (; node && node !== stop; node = node.nextSibling) {
      const text = comment(node);
      if (opens(text)) {
        const close = closing(node);
        slots.push(this._content(text, new Place(node, node, close)));
        node = close;
      } else if (node.nodeType === 1 && !this._element(/** @type {Element} */ (node), slots)) {
        this._walk(node.firstChild, null, slots);
      }
    }
    if (stop && !node) broken("a fragment that doesn't end");
  }

  /**
   * @param {Element} element
   * @param {Slot[]} slots
   * @returns {boolean} whether its whole content is one slot
   */
  _element(element, slots) {
    const marks = element.getAttribute(MARK);
    if (!marks) return false;
    let whole = false;
    for (const mark of marks.split(" ")) {
      if (mark === MARK_TAG) slots.push(new Tag(element));
      else if (mark[0] === MARK_EVENT) slots.push(new Action(element, mark));
      else if (mark !== MARK_CHILD && mark[0] !== LIST_OPEN) slots.push(new Attribute(element, mark));
      else {
        whole = true;
        slots.push(this._content(mark, new Place(element instanceof HTMLTemplateElement ? element.content : element)));
      }
    }
    return whole;
  }

  /** @param {string} mark @param {Place} place */
  _content(mark, place) {
    return mark === CHILD_OPEN || mark === MARK_CHILD ? new Child(place, this) : new List(place, mark.slice(1), this);
  }
}
