// Matching: which old child of an element becomes which new one. What has no partner is removed or created.
//
// 1. Children that are equal at the start and at the end are left alone.
// 2. Of the rest, children are paired by name: by `id` or `data-key`, or by their whole content if no sibling has the same.
//    An element with a key is never paired with one that has another key.
// 3. Of these pairs, the longest run whose order hasn't changed stays in place (see increasing.js); the others move.
// 4. The staying pairs divide the children into gaps. What is left in a gap is paired by likeness, in order: the pairs that
//    are most alike in total, by dynamic programming; in large gaps the nearest that is alike at all.
//
// An example, with letters for keyed elements and words for paragraphs without a key:
//
//     old: <h1> A "one" B C "two" <hr>
//     new: <h1> B "one!" A D "two" <hr>
//
// 1. `<h1>` at the start, "two" and `<hr>` at the end are equal. Left: A "one" B C, and B "one!" A D.
// 2. A and B are paired by key.
// 3. B A have the old positions 2 0: only one of them can stay. A stays, and B moves before it.
// 4. No paragraph is left after A in the new children, and "one!" comes before it, where no old one is left: it is created.
//    After A, C and D have different keys, so C is removed and D created; "one" is removed.

import { isEqual } from "./equality.js";
import { longestIncreasing } from "./increasing.js";
import { getAttribute, localName, namespaceURI, nodeName, nodeType, nodeValue, outerHTML, tagName, textContent } from "./members.js";

/**
 * @typedef {object} Matches the children between those that are equal at the start and at the end
 * @property {ChildNode | null} before the sibling ahead of them
 * @property {ChildNode[]} olds
 * @property {ChildNode[]} nexts
 * @property {Map<ChildNode, ChildNode>} pairs new children with the old ones that become them
 * @property {Set<ChildNode>} staying old children that don't move
 */

const CONTROL = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/;
const COMPARED = 400; // pairs of nodes in a gap up to which the best pairs are searched
const AHEAD = 8; // nodes that are searched for a similar one in larger gaps
const SAMPLE = 60; // characters at either end of a text that count for its likeness

/** @param {Node} node @returns {node is Element} */
const isElement = (node) => nodeType(node) === 1;

/** @param {Element} element @returns {string | null} */
export function keyOf(element) {
  const id = getAttribute(element, "id");
  const key = id ? `#${id}` : getAttribute(element, "data-key");
  return key === null ? key : `${localName(element)} ${key}`;
}

/** Return whether one node can become the other by changes of attributes and content alone. @param {Node} a @param {Node} b */
export function isAlike(a, b) {
  if (nodeType(a) !== nodeType(b) || !isElement(a) || !isElement(b)) return nodeType(a) === nodeType(b);
  const names = CONTROL.test(tagName(a)) ? ["is", "name", "type"] : ["is"];
  return localName(a) === localName(b) && namespaceURI(a) === namespaceURI(b) && localName(a) !== "script" && keyOf(a) === keyOf(b)
    && names.every((name) => getAttribute(a, name) === getAttribute(b, name));
}

/** @param {ChildNode[]} olds @param {ChildNode[]} nexts siblings @param {ChildNode | null} before ahead of them @returns {Matches | null} null: all are equal */
export function match(olds, nexts, before) {
  const [start, end] = ends(olds, nexts);
  if (olds.length === nexts.length && start === olds.length) return null;
  const matches = {
    before: olds[start - 1] ?? before, olds: olds.slice(start, olds.length - end), nexts: nexts.slice(start, nexts.length - end),
    pairs: new Map(), staying: new Set(),
  };
  if (matches.olds[0] && matches.nexts[0]) matchByName(matches);
  return matches;
}

/** Count the nodes that are equal at the start, and those of the rest that are equal at the end. @param {Node[]} olds @param {Node[]} nexts */
function ends(olds, nexts) {
  const shorter = Math.min(olds.length, nexts.length);
  let start = 0, end = 0;
  while (start < shorter && isEqual(olds[start], nexts[start])) start++;
  while (end < shorter - start && isEqual(olds[olds.length - 1 - end], nexts[nexts.length - 1 - end])) end++;
  return [start, end];
}

/** @param {Matches} matches */
function matchByName(matches) {
  const { olds, nexts, pairs, staying } = matches;
  const named = olds[1] || nexts[1] ? byName(olds) : new Map();
  const positions = new Map(olds.map((old, i) => [old, i]));
  if (named.size) for (const [name, next] of byName(nexts)) {
    const mine = named.get(name);
    if (next && mine && (isAlike(mine, next) || isEqual(mine, next))) pairs.set(next, mine); // written alike, of another namespace?
  }
  const moved = [...pairs.values()];
  for (const i of longestIncreasing(moved.map((old) => /** @type {number} */ (positions.get(old))))) staying.add(moved[i]);
  const paired = new Set(pairs.values());
  const free = olds.filter((old) => !paired.has(old) || staying.has(old));
  let from = 0;
  /** @type {ChildNode[]} */
  let gap = [];
  for (const next of [...nexts, null]) {
    const old = next && pairs.get(next);
    if (next && !old) gap.push(next);
    else if (!next || (old && staying.has(old))) {
      const to = old ? free.indexOf(old, from) : free.length;
      matchByLikeness(free.slice(from, to), gap, matches);
      from = to + 1;
      gap = [];
    }
  }
}

/** Index nodes by key or content; null where several have the same. @param {ChildNode[]} nodes @returns {Map<string, ChildNode | null>} */
function byName(nodes) {
  /** @type {Map<string, ChildNode | null>} */
  const names = new Map();
  for (const node of nodes) {
    const key = isElement(node) && keyOf(node);
    const name = key || (isElement(node) ? outerHTML(node) : nodeName(node) + nodeValue(node));
    if (isElement(node) || /\S/.test(nodeValue(node) ?? "")) names.set(name, names.has(name) ? null : node);
  }
  return names;
}

/** Pair what is left in a gap by likeness, in order. @param {ChildNode[]} olds @param {ChildNode[]} nexts @param {Matches} matches */
function matchByLikeness(olds, nexts, { pairs, staying }) {
  const [start, end] = ends(olds, nexts);
  /** @param {ChildNode} old @param {ChildNode} next */
  const pair = (old, next) => {
    pairs.set(next, old);
    staying.add(old);
  };
  for (let i = 0; i < start; i++) pair(olds[i], nexts[i]);
  for (let i = 1; i <= end; i++) pair(olds[olds.length - i], nexts[nexts.length - i]);
  const [left, right] = [olds.slice(start, olds.length - end), nexts.slice(start, nexts.length - end)];
  if (left.length * right.length > COMPARED) pairNearest(left, right, pair);
  else pairBest(left, right, pair);
}

/** @typedef {(old: ChildNode, next: ChildNode) => void} Pair */

/** @param {ChildNode[]} olds @param {ChildNode[]} nexts @param {Pair} pair */
function pairNearest(olds, nexts, pair) {
  let from = 0;
  for (const next of nexts) {
    const at = olds.slice(from, from + AHEAD).findIndex((old) => isAlike(old, next));
    if (at >= 0) pair(olds[from + at], next);
    from += at + 1;
  }
}

/** @param {ChildNode[]} olds @param {ChildNode[]} nexts @param {Pair} pair */
function pairBest(olds, nexts, pair) {
  const [before, after] = [olds, nexts].map((nodes) => nodes.map((node) => textContent(node) ?? ""));
  // best[i][j]: the highest total likeness of pairs among olds[i...] and nexts[j...].
  const best = Array.from({ length: olds.length + 1 }, () => Array(nexts.length + 1).fill(0));
  const scores = olds.map((old, i) => nexts.map((next, j) => (isAlike(old, next) ? 1 + likeness(before[i], after[j]) : 0)));
  for (let i = olds.length - 1; i >= 0; i--) {
    for (let j = nexts.length - 1; j >= 0; j--) {
      best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], scores[i][j] && scores[i][j] + best[i + 1][j + 1]);
    }
  }
  for (let i = 0, j = 0; i < olds.length && j < nexts.length;) {
    if (scores[i][j] && best[i][j] === scores[i][j] + best[i + 1][j + 1]) pair(olds[i++], nexts[j++]);
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
}

/** Return the share of two texts that is the same at their ends, from 0 to 1. @param {string} a @param {string} b */
function likeness(a, b) {
  const most = Math.min(SAMPLE, a.length, b.length);
  let start = 0, end = 0;
  while (start < most && a[start] === b[start]) start++;
  while (end < most && a.at(-1 - end) === b.at(-1 - end)) end++;
  return a === b ? 1 : Math.min(1, (start + end) / (1 + Math.min(2 * SAMPLE, Math.max(a.length, b.length))));
}
