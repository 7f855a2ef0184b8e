// What a page with raw HTML came with, before a person or a script changed it: the first change of raw HTML is one of that.

import { link } from "./delta.js";
import { contentOf, copyOf } from "./parsing.js";

/** @type {WeakMap<Node, Node>} by nodes of the page */
let originals = new WeakMap();

/** The server marks the script of a page with raw HTML. */
export function rememberOriginals() {
  if (!document.querySelector("script[live-raw]")) return;
  const copy = copyOf(document.documentElement);
  link(copy, document.documentElement);
  note(copy, document.documentElement);
}

/** The page has been drawn anew. */
export const forgetOriginals = () => { originals = new WeakMap(); };

/** @param {Node} copy @param {Node} live */
function note(copy, live) {
  originals.set(live, copy);
  let other = contentOf(live).firstChild;
  for (let child = contentOf(copy).firstChild; child && other; child = child.nextSibling, other = other.nextSibling) note(child, other);
}

/**
 * What was in a place, once; undefined if that isn't known, or something else was put there.
 * @param {import("../markers.js").Place} place
 * @returns {Node[] | undefined}
 */
export function originalsIn({ close, open, parent }) {
  const from = open ?? parent;
  const start = originals.get(from);
  if (!start) return undefined;
  originals.delete(from);
  const stop = close && originals.get(close);
  const found = [];
  for (let node = open ? start.nextSibling : contentOf(start).firstChild; node && node !== stop; node = node.nextSibling) found.push(node);
  const there = new Set([...contentOf(parent).childNodes].filter(isUnchanged).map((live) => originals.get(live)));
  return found.every((node) => there.has(node)) ? found : undefined;
}

/** Whether it is no text, or the same. @param {Node} live */
const isUnchanged = (live) => live.nodeType !== 3 || live.nodeValue === originals.get(live)?.nodeValue;
