// Comments between siblings that say where slots stand.

import { CHILD_CLOSE, CHILD_OPEN, LIST_CLOSE } from "./wire.js";

/** @param {Node | null} node @returns {string} the text of a comment, else "" */
export const comment = (node) => (node instanceof Comment ? node.data : "");

/** @param {string} text nothing else that begins so: an author may write <!--[if IE]> */
export const opens = (text) => text === CHILD_OPEN || /^\[(\d+,\d+)?$/.test(text);

/**
 * The comment that closes the range that `node` opens.
 * @param {Node} node
 * @returns {Node}
 */
export function closing(node) {
  for (let depth = 1; depth; ) {
    node = /** @type {Node} */ (node.nextSibling);
    const text = comment(node);
    if (opens(text)) depth++;
    else if (text === CHILD_CLOSE || text === LIST_CLOSE) depth--;
    else if (!node) throw Error("No end");
  }
  return node;
}

/** The nodes between two comments, or all of a parent's. */
export class Place {
  /**
   * @param {Node} parent of a range it changes: ranges are born in a template's copy
   * @param {Node | null} [open]
   * @param {Node | null} [close]
   */
  constructor(parent, open = null, close = null) {
    this._parent = parent;
    this.open = open;
    this.close = close;
  }

  get parent() {
    return /** @type {ParentNode & Node} */ (this.close ? this.close.parentNode : this._parent);
  }

  get first() {
    return this.open ? this.open.nextSibling : this._parent.firstChild;
  }

  /** @param {Node | string} content text, or nodes */
  fill(content) {
    const { parent, close } = this;
    for (let node; (node = this.first) !== close; ) parent.removeChild(/** @type {Node} */ (node));
    if (content) parent.insertBefore(content instanceof Node ? content : new Text(content), close);
  }

  /**
   * The child of this place in which `node` is.
   * @param {Node | null} node
   */
  holding(node) {
    while (node && node.parentNode !== this.parent) node = node.parentNode;
    for (let child = this.first; child !== this.close; child = /** @type {Node} */ (child).nextSibling) if (child === node) return child;
    return null;
  }
}
