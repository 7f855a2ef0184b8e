// Which node stands for which, of the children of an element before and after.
//
// Equal ones at both ends; then those of one key, or of a content that no other has; between those of them that keep their
// order, what is alike, in order. An element with an `id` or `data-key` never stands for one with another.

import { longestIncreasing } from "./increasing.js";
import { contentOf } from "./parsing.js";

/**
 * @typedef {object} Matches of the children that aren't equal from either end
 * @property {ChildNode | null} before the last one ahead of them that stays
 * @property {ChildNode[]} olds
 * @property {ChildNode[]} nexts
 * @property {Map<ChildNode, ChildNode>} pairs the old one of each new one that has one
 * @property {Set<ChildNode>} staying old ones that needn't move
 */

const CONTROL = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/;
const COMPARED = 400; // pairs of nodes that are looked at for likeness at most
const AHEAD = 8; // nodes among which one is searched that is alike, where there are more
const SAMPLE = 60; // characters from either end of a text that count for its likeness

/** @param {Node} node @returns {node is Element} */
const isElement = (node) => node.nodeType === 1;

/** @param {Element} element @returns {string | null} */
export function keyOf(element) {
  const id = element.getAttribute("id");
  const key = id ? `#${id}` : element.getAttribute("data-key");
  return key === null ? key : `${element.localName} ${key}`;
}

/** Whether two trees are the same. For the browser what is in templates is no part of them. @param {Node} a @param {Node} b @returns {boolean} */
export function isEqual(a, b) {
  if (!a.isEqualNode(b)) return false;
  const others = templatesIn(b);
  return templatesIn(a).every((template, i) => isEqual(template.content, others[i].content));
}

/** @param {any} node @returns {HTMLTemplateElement[]} */
function templatesIn(node) {
  const inside = node.firstElementChild ? node.querySelectorAll("template") : [];
  return [node, ...inside].filter((template) => contentOf(template) !== template); // in MathML it is any element
}

/** Whether one may become the other, by other attributes and other content. @param {Node} a @param {Node} b */
export function isAlike(a, b) {
  if (a.nodeType !== b.nodeType || !isElement(a) || !isElement(b)) return a.nodeType === b.nodeType;
  const names = CONTROL.test(a.tagName) ? ["is", "name", "type"] : ["is"];
  return a.localName === b.localName && a.namespaceURI === b.namespaceURI && a.localName !== "script" && keyOf(a) === keyOf(b)
    && names.every((name) => a.getAttribute(name) === b.getAttribute(name));
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

/** How many are equal at the start, and how many of the rest at the end. @param {Node[]} olds @param {Node[]} nexts */
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

/** Nodes by key or content; null where several have it. @param {ChildNode[]} nodes @returns {Map<string, ChildNode | null>} */
function byName(nodes) {
  /** @type {Map<string, ChildNode | null>} */
  const names = new Map();
  for (const node of nodes) {
    const key = isElement(node) && keyOf(node);
    const name = key || (isElement(node) ? node.outerHTML : node.nodeName + node.nodeValue);
    if (isElement(node) || /\S/.test(node.nodeValue ?? "")) names.set(name, names.has(name) ? null : node);
  }
  return names;
}

/** In order: the pairs that are most alike in all. @param {ChildNode[]} olds @param {ChildNode[]} nexts @param {Matches} matches */
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
  const [before, after] = [olds, nexts].map((nodes) => nodes.map((node) => node.textContent ?? ""));
  // best[i][j]: of what stands from i and from j on.
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

/** From 0 to 1. @param {string} a @param {string} b */
function likeness(a, b) {
  const most = Math.min(SAMPLE, a.length, b.length);
  let start = 0, end = 0;
  while (start < most && a[start] === b[start]) start++;
  while (end < most && a.at(-1 - end) === b.at(-1 - end)) end++;
  return a === b ? 1 : Math.min(1, (start + end) / (1 + Math.min(2 * SAMPLE, Math.max(a.length, b.length))));
}
