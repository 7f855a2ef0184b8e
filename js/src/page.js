// The page as the server knows it: the root fragment, and replacing the document as a whole.

import { discover } from "./events.js";
import { Shapes } from "./fragments.js";
import { parseDocument } from "./html.js";
import { keepTyped } from "./values.js";

export class Page {
  constructor() {
    this.shapes = new Shapes(discover);
    /** @type {import("./fragments.js").Fragment | null} */
    this._root = null;
  }

  /** Forgets shapes and instances; items will be numbered anew, in their order. */
  renumber() {
    this.shapes = new Shapes(discover);
    this._root = null;
  }

  get root() {
    return (this._root ??= this.shapes.adopt(document.firstChild, null));
  }

  /** @param {any[] | { page: string }} patch */
  patch(patch) {
    if (!Array.isArray(patch)) this._replace(patch.page);
    else if (patch.length) this.root.patch(patch);
  }

  /** @param {string} html */
  _replace(html) {
    const next = parseDocument(html);
    const { live } = document.documentElement.dataset;
    for (const name of ["documentElement", "head", "body"]) copyAttributes(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
    if (live) document.documentElement.dataset.live = live;
    keepTyped(() => {
      replaceChildren(document.head, next.head);
      replaceChildren(document.body, next.body);
    });
    this._root = null;
    discover(document);
  }
}

/** @param {Element} old @param {Element} next */
function copyAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/**
 * Nodes that are equal stay, with what a person did to them.
 * @param {Element} parent
 * @param {Element} next
 */
function replaceChildren(parent, next) {
  let old = parent.firstChild;
  for (const node of [...next.childNodes]) {
    let same = old;
    while (same && !same.isEqualNode(node)) same = same.nextSibling;
    if (same) {
      removeUpTo(old, same);
      old = same.nextSibling;
    } else parent.insertBefore(document.importNode(node, true), old);
  }
  removeUpTo(old, null);
}

/** @param {ChildNode | null} node @param {ChildNode | null} stop */
function removeUpTo(node, stop) {
  while (node && node !== stop) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
}
