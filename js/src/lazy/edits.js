// Applies the server's edits to a long string of raw HTML: only the parts that changed are parsed and compared.
//
// An edit refers to nodes by paths of child indices in the tree that the server parsed. The browser may have parsed the string
// differently, so the edits come with a checksum of the names and numbers of children along all paths. If it doesn't match,
// or an edit can't be applied, the caller compares the whole string instead.

import { boxOf, childrenOf, move, update, updateAttributes } from "./delta.js";
import { cloneNode, closest, lastChild, previousSibling, removeAttribute, setAttribute } from "./members.js";
import { adler32, contentOf, parseIn } from "./parsing.js";

/** @typedef {import("./delta.js").Box} Box */
/** @typedef {(number | number[] | (string | null)[])[]} Edit as liveactions/protocol/messages.py has it */

/**
 * Apply edits.
 * @param {Element} root contains the old string, parsed
 * @param {any[]} edits
 * @param {number | undefined} digest checksum of the nodes along the paths
 * @param {string} html the new string
 * @param {Box} box the place of the string in the page
 * @returns {boolean} false if they can't be applied, or only some of them
 */
export function edit(root, edits, digest, html, box) {
  /** @type {string[]} */
  const passed = [];
  /** @param {number[]} path */
  const walk = (path) => path.reduce((/** @type {any} */ node, at) => {
    const child = childrenOf(node)[at];
    passed.push(`${child.nodeName.toLowerCase()} ${childrenOf(child).length};`);
    return child;
  }, (passed.push(` ${childrenOf(root).length};`), root));
  const boxIn = (/** @type {Node} */ node) => (node === root ? box : boxOf(node));
  try {
    const steps = edits.map((edit) => stepOf(edit, walk, html, boxIn)); // paths refer to the tree before the first edit
    return adler32(passed.join("")) === digest && steps.every((step) => step());
  } catch {
    return false; // a path leads nowhere
  }
}

/**
 * Resolve the paths of an edit: change of attributes, move, or replacement of children.
 * @param {any[]} edit
 * @param {(path: number[]) => Element} walk
 * @param {string} html the new string
 * @param {(node: Node) => Box} boxIn
 * @returns {() => boolean} applies the edit; returns false if it can't be applied
 */
function stepOf([path, first, count, from, length, start, size], walk, html, boxIn) {
  const target = walk(path);
  if (closest(target, "[live-ignore]")) return () => false;
  if (count === undefined) return () => setAttributes(target, first);
  const children = childrenOf(target);
  const olds = children.slice(first, first + count);
  if (start === undefined) {
    const parent = walk(from);
    const anchor = childrenOf(parent)[length];
    return () => olds.every((node) => {
      const before = anchor ? previousSibling(anchor) : lastChild(contentOf(parent));
      if (node !== before) move(node, contentOf(parent), before, boxIn(parent));
      return true;
    });
  }
  const [before, after] = [children[first - 1] ?? null, children[first + count]];
  return () => {
    const nexts = childrenOf(parseIn(html.slice(start, start + size), target));
    update(target, olds, nexts, olds[0] ? previousSibling(olds[0]) : after ? previousSibling(after) : before, boxIn(target));
    return true;
  };
}

/** Set attributes. @param {Element} target @param {string[]} pairs name, value, name, value ...; null removes one */
function setAttributes(target, pairs) {
  const next = /** @type {Element} */ (cloneNode(target, false));
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, value] = pairs.slice(i, i + 2);
    if (name.includes(":")) return false; // it may have an XML namespace
    if (value === null) removeAttribute(next, name);
    else setAttribute(next, name, value);
  }
  return !closest(target, "script,select") && updateAttributes(target, next);
}
