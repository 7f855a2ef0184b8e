// Decides which old child of an element becomes which new one. Old children without a partner are removed, new ones created.
//
// 1. Equal children at the start and at the end are left alone.
// 2. The rest is paired by name. The name of a child is its `id` or `data-key`, or else its whole content; names that several
//    siblings have don't count. An element with a key is never paired with one that has another key.
// 3. Of these pairs, a longest subsequence that is still in the same order stays in place (see increasing.js). The others move.
// 4. The staying pairs divide the children into gaps. The unpaired children of each gap are paired by similarity, in order. In
//    small gaps, dynamic programming finds the pairs with the highest total similarity, as in an edit distance. In large gaps,
//    where that would take too long, each new child gets the first suitable old one among the next few.
//
// For example, with letters for elements with a key, and quoted paragraphs without one:
//
//     old: <h1> A "one" B C "two" <hr>
//     new: <h1> B "one!" A D "two" <hr>
//
// 1. `<h1>` at the start, and "two" and `<hr>` at the end, are equal. What is left is A "one" B C, and B "one!" A D.
// 2. A and B are paired by key.
// 3. In the new order, B and A have the old positions 2 and 0, so only one of them can stay. A stays, and B moves before it.
// 4. Before A there are no unpaired old children, so "one!" is created. After A, "one" and C are left of the old children, and D
//    of the new ones. D has a key that neither of them has, so it is created, and "one" and C are removed.

import { isEqual } from "./equality.js";
import { longestIncreasing } from "./increasing.js";
import { getAttribute, localName, namespaceURI, nodeName, nodeType, nodeValue, outerHTML, tagName, textContent } from "./members.js";

/**
 * @typedef {object} Matches how the children between the equal ones at the start and at the end are paired
 * @property {ChildNode | null} before the sibling before them
 * @property {ChildNode[]} olds
 * @property {ChildNode[]} nexts
 * @property {Map<ChildNode, ChildNode>} pairs old children by the new ones that they become
 * @property {Set<ChildNode>} staying old children that don't move
 */

const CONTROL = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/;
const COMPARED = 400; // old nodes times new nodes in a gap, up to which the best pairs are searched
const AHEAD = 8; // old nodes that are searched for a partner in larger gaps
const SAMPLE = 60; // characters at either end of a text that are compared for its similarity

/** @param {Node} node @returns {node is Element} */
const isElement = (node) => nodeType(node) === 1;

/** Return an element's key: tag, and `id` or `data-key`. @param {Element} element @returns {string | null} */
export function keyOf(element) {
  const id = getAttribute(element, "id");
  const key = id ? `#${id}` : getAttribute(element, "data-key");
  return key === null ? key : `${localName(element)} ${key}`;
}

/** Return whether changes of attributes and content can turn one node into the other. @param {Node} a @param {Node} b */
export function isAlike(a, b) {
  if (nodeType(a) !== nodeType(b) || !isElement(a) || !isElement(b)) return nodeType(a) === nodeType(b);
  const names = CONTROL.test(tagName(a)) ? ["is", "name", "type"] : ["is"];
  return localName(a) === localName(b) && namespaceURI(a) === namespaceURI(b) && localName(a) !== "script" && keyOf(a) === keyOf(b)
    && names.every((name) => getAttribute(a, name) === getAttribute(b, name));
}

/**
 * Pair children.
 * @param {ChildNode[]} olds siblings
 * @param {ChildNode[]} nexts siblings
 * @param {ChildNode | null} before the sibling before `olds`
 * @returns {Matches | null} null if all are equal
 */
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

/** Count equal nodes at the start, and in the rest at the end. @param {Node[]} olds @param {Node[]} nexts */
function ends(olds, nexts) {
  const shorter = Math.min(olds.length, nexts.length);
  let start = 0, end = 0;
  while (start < shorter && isEqual(olds[start], nexts[start])) start++;
  while (end < shorter - start && isEqual(olds[olds.length - 1 - end], nexts[nexts.length - 1 - end])) end++;
  return [start, end];
}

/** Pair by name, and then by similarity in the gaps (steps 2 to 4). @param {Matches} matches */
function matchByName(matches) {
  const { olds, nexts, pairs, staying } = matches;
  const named = olds[1] || nexts[1] ? byName(olds) : new Map();
  const positions = new Map(olds.map((old, i) => [old, i]));
  if (named.size) for (const [name, next] of byName(nexts)) {
    const mine = named.get(name);
    if (next && mine && (isAlike(mine, next) || isEqual(mine, next))) pairs.set(next, mine); // equal HTML doesn't mean equal nodes: the namespaces may differ
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

/**
 * Index nodes by name; null if several have the same name.
 * @param {ChildNode[]} nodes
 * @returns {Map<string, ChildNode | null>}
 */
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

/**
 * Pair the children in a gap by similarity, in order (step 4).
 * @param {ChildNode[]} olds
 * @param {ChildNode[]} nexts
 * @param {Matches} matches
 */
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

/**
 * Pair each new node with the first suitable old one among the next few.
 * @param {ChildNode[]} olds
 * @param {ChildNode[]} nexts
 * @param {Pair} pair
 */
function pairNearest(olds, nexts, pair) {
  let from = 0;
  for (const next of nexts) {
    const at = olds.slice(from, from + AHEAD).findIndex((old) => isAlike(old, next));
    if (at >= 0) pair(olds[from + at], next);
    from += at + 1;
  }
}

/**
 * Find the pairs with the highest total similarity, by dynamic programming.
 * @param {ChildNode[]} olds
 * @param {ChildNode[]} nexts
 * @param {Pair} pair
 */
function pairBest(olds, nexts, pair) {
  const [before, after] = [olds, nexts].map((nodes) => nodes.map((node) => textContent(node) ?? ""));
  // best[i][j] is the highest total similarity of pairs among olds[i...] and nexts[j...]. It is filled from the end; then the
  // pairs are read off from the start, by following the choices that led to best[0][0].
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

/**
 * Return how similar two texts are, from 0 to 1, by the length of their common start and end.
 * @param {string} a
 * @param {string} b
 */
function likeness(a, b) {
  const most = Math.min(SAMPLE, a.length, b.length);
  let start = 0, end = 0;
  while (start < most && a[start] === b[start]) start++;
  while (end < most && a.at(-1 - end) === b.at(-1 - end)) end++;
  return a === b ? 1 : Math.min(1, (start + end) / (1 + Math.min(2 * SAMPLE, Math.max(a.length, b.length))));
}
