// The places in a fragment that can change. `set` takes a value, as in a new fragment; `patch` a change.
// Lists have a file of their own.

import { isControl, guard, setAttribute, updateAttribute } from "./values.js";

/** @typedef {import("./fragments.js").Shapes} Shapes */
/** @typedef {import("./fragments.js").Fragment} Fragment */
/** @typedef {import("./place.js").Place} Place */

/** One attribute as a whole. */
export class Attribute {
  /** @param {Element} element @param {string} name */
  constructor(element, name) {
    this.element = element;
    this.name = name;
  }

  /** @param {string | null} value */
  set(value) {
    setAttribute(this.element, this.name, value);
  }

  /** @param {string | null} value */
  patch(value) {
    updateAttribute(this.element, this.name, value);
  }
}

/** The dynamic names in a start tag: a flat array of the attributes that are there. */
export class Tag {
  /** @param {Element} element */
  constructor(element) {
    this.element = element;
    /** @type {Set<string>} */
    this._names = new Set();
  }

  /** @param {(string | null)[]} pairs a null value removes its attribute */
  set(pairs) {
    this.patch(pairs, setAttribute);
  }

  /** @param {(string | null)[]} pairs @param {typeof setAttribute} write */
  patch(pairs, write = updateAttribute) {
    const gone = this._names;
    this._names = new Set();
    /** @type {Map<string, string | null>} */
    const values = new Map();
    for (const name of gone) values.set(name, null);
    for (let i = 0; i < pairs.length; i += 2) values.set(/** @type {string} */ (pairs[i]), pairs[i + 1] ?? null);
    for (const [name, value] of values) {
      write(this.element, name, value);
      if (value !== null) this._names.add(name);
    }
  }
}

/** What an event on an element calls. It has a number among the slots and no value. */
export class Action {
  /** @param {Element} element @param {string} descriptor "@input.debounce.300" */
  constructor(element, descriptor) {
    this.element = element;
    this.descriptor = descriptor;
  }
}

/** Text, raw HTML or a fragment among siblings, or as an element's whole content. */
export class Child {
  /** @param {Place} place @param {Shapes} shapes */
  constructor(place, shapes) {
    this.place = place;
    this._shapes = shapes;
    /** @type {Fragment | null} the fragment that is there, once it was asked for */
    this._fragment = null;
  }

  get fragment() {
    return (this._fragment ??= this._shapes.adopt(this.place.first, this.place.close));
  }

  /** @param {string | { h: string } | any[]} value */
  set(value) {
    if (typeof value === "string") return this._text(value);
    this._fragment = null;
    const { place } = this;
    let nodes;
    if (Array.isArray(value)) [nodes, this._fragment] = this._shapes.create(value);
    else nodes = this._shapes.raw(value.h, place.parent);
    place.clear();
    place.append(nodes);
  }

  /** @param {string | { h: string } | { f: any[] } | any[]} change */
  patch(change) {
    const { parent } = this.place;
    if (Array.isArray(change)) this.fragment.patch(change);
    else if (isControl(parent)) guard(parent, () => this.set(/** @type {string} */ (change)));
    else this.set(typeof change === "object" && "f" in change ? change.f : change);
  }

  /** @param {string} value */
  _text(value) {
    this._fragment = null;
    const { place } = this;
    const { first } = place;
    if (value && first?.nodeType === 3 && first.nextSibling === place.close) return splice(/** @type {Text} */ (first), value);
    place.clear();
    if (value) place.append(document.createTextNode(value));
  }

  /**
   * The fragment in which `node` is, when it is in this slot.
   * @param {Node} node
   * @returns {[number[], Fragment] | null} the address from here, the fragment
   */
  holding(node) {
    return this.place.holding(node) && [[], this.fragment];
  }
}

/**
 * Writes only the window that differs, so that a selection around it stays.
 * @param {Text} text
 * @param {string} value
 */
function splice(text, value) {
  const old = text.data;
  let start = 0;
  let end = 0;
  const shorter = Math.min(old.length, value.length);
  while (start < shorter && old[start] === value[start]) start++;
  while (end < shorter - start && old[old.length - 1 - end] === value[value.length - 1 - end]) end++;
  if (start < old.length || start < value.length)
    text.replaceData(start, old.length - end - start, value.slice(start, value.length - end));
}
