// Where a slot's nodes stand: between two markers, or all of an element.

import { CHILD_CLOSE, CHILD_OPEN, LIST_CLOSE, LIST_OPEN } from "./wire.js";

// Nothing else that begins so: an author may write <!--[if IE]>.
const LIST = new RegExp(`^\\${LIST_OPEN}(\\d+,\\d+)?$`);

/** The page's markers and the server's patch don't fit: somebody moved or removed them. */
export class Broken extends Error {}

/** @param {string} what @returns {never} */
export function broken(what) {
  throw new Broken(what);
}

/** @param {Node} node @returns {string} the text of a comment, else "" */
export const comment = (node) => (node.nodeType === 8 ? /** @type {Comment} */ (node).data : "");

/** @param {string} text @returns {boolean} whether a comment of this text opens a range */
export const opens = (text) => text === CHILD_OPEN || LIST.test(text);

/**
 * The comment that closes the range that `open` opens.
 * @param {Node} open
 * @returns {Node}
 */
export function closing(open) {
  for (let depth = 1, node = open.nextSibling; node; node = node.nextSibling) {
    const text = comment(node);
    if (opens(text)) depth++;
    else if ((text === CHILD_CLOSE || text === LIST_CLOSE) && !--depth) return node;
  }
  return broken(`no end of <!--${comment(open)}-->`);
}

/** The nodes between two comments (whose parent changes: they are born in a template's copy), or in a parent. */
export class Place {
  /**
   * @param {Node} parent
   * @param {Node | null} open
   * @param {Node | null} close
   */
  constructor(parent, open = null, close = null) {
    this._parent = parent;
    this.open = open;
    this.close = close;
  }

  /** @returns {Node} */
  get parent() {
    return this.close ? this.close.parentNode ?? broken("a range without a parent") : this._parent;
  }

  get first() {
    return this.open ? this.open.nextSibling : this._parent.firstChild;
  }

  clear() {
    const { parent, close } = this;
    for (let node; (node = this.first) !== close; ) {
      if (!node) broken("a range that doesn't end");
      parent.removeChild(/** @type {Node} */ (node));
    }
  }

  /** @param {Node} node goes to the end */
  append(node) {
    this.parent.insertBefore(node, this.close);
  }

  /**
   * The child of this range in which `node` is.
   * @param {Node} node
   * @returns {Node | null}
   */
  holding(node) {
    const { parent, open, close } = this;
    /** @type {Node | null} */
    let child = node;
    while (child && child.parentNode !== parent) child = child.parentNode;
    return child && (!open || !close || (follows(open, child) && follows(child, close))) ? child : null;
  }
}

/** @param {Node} a @param {Node} b */
const follows = (a, b) => a.compareDocumentPosition(b) & 4;
