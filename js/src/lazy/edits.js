// Where the server says that a long string has changed: nothing else is parsed or compared.

import { boxOf, childrenOf, move, update, updateAttributes } from "./delta.js";
import { cloneNode, closest, lastChild, previousSibling, removeAttribute, setAttribute } from "./members.js";
import { adler32, contentOf, parseIn } from "./parsing.js";

/** @typedef {import("./delta.js").Box} Box */
/** @typedef {(number | number[] | (string | null)[])[]} Edit as liveactions/protocol/messages.py has it */

/**
 * @param {Element} root of the string before
 * @param {any[]} edits
 * @param {number | undefined} digest of where they are
 * @param {string} html the string from now on
 * @param {Box} box
 * @returns {boolean} false: they can't be done here, or not all of them
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
    const steps = edits.map((edit) => stepOf(edit, walk, html, boxIn)); // all places are those before the first step
    return adler32(passed.join("")) === digest && steps.every((step) => step());
  } catch {
    return false; // a place that isn't there
  }
}

/**
 * @param {any[]} edit
 * @param {(path: number[]) => Element} walk
 * @param {string} html
 * @param {(node: Node) => Box} boxIn
 * @returns {() => boolean} does it; false: it can't be done
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

/** @param {Element} target @param {string[]} pairs name, value, name, value ...; null: it goes */
function setAttributes(target, pairs) {
  const next = /** @type {Element} */ (cloneNode(target, false));
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, value] = pairs.slice(i, i + 2);
    if (name.includes(":")) return false; // it may be one of XML
    if (value === null) removeAttribute(next, name);
    else setAttribute(next, name, value);
  }
  return !closest(target, "script,select") && updateAttributes(target, next);
}
