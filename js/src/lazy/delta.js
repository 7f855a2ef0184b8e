// One tree of the server's becomes another, and the page with it. Each of its nodes has its own in the page; only what differs
// between the two trees is written there. So what a person, a widget or an extension changed, added or took away stays.

import { isWatched } from "../core/calls.js";
import { isControl } from "../core/controls.js";
import { splice } from "../core/text.js";
import { core } from "./bridge.js";
import { ignoredOf } from "./ignore.js";
import { isAlike, keyOf, match } from "./matching.js";
import { attributes, childNodes, cloneNode, closest, contains, firstChild, getAttribute, hasAttribute, insertBefore, isConnected, nextSibling, parentElement, parentNode, previousSibling, querySelectorAll, remove, removeAttribute, replaceChildren, setAttributeNode } from "./members.js";
import { moveBefore, moveSiblings } from "./moves.js";
import { contentOf } from "./parsing.js";

/** @typedef {{ container: Node, opening?: Node | null, closing?: Node | null, fillWith?: (nodes: Node) => void }} Box what holds children in the page */

/** @type {WeakMap<Node, any>} what stands in the page for a node of the server's */
const liveNodes = new WeakMap();

/**
 * One is a copy of the other.
 * @param {Node} node of the server's
 * @param {Node} live
 */
export function link(node, live) {
  liveNodes.set(node, live);
  let other = firstChild(contentOf(live));
  for (let child = firstChild(contentOf(node)); child && other; child = nextSibling(child), other = nextSibling(other)) link(child, other);
}

/** Nodes for the page. @param {Node} node of the server's */
function create(node) {
  const nodes = new DocumentFragment();
  const copy = cloneNode(node, true);
  link(node, copy);
  nodes.append(copy); // from now on custom elements may be upgraded, and have children of their own
  core.scanMarkup(nodes);
  return nodes;
}

/** @param {Node} node @returns {ChildNode[]} */
export const childrenOf = (node) => [...childNodes(contentOf(node))];

/** Where the children of an element of the server's are in the page. @param {Node} node @returns {Box} */
export const boxOf = (node) => ({ container: contentOf(liveNodes.get(node)) });

/**
 * Some children of an element of the server's become others.
 * @param {Node} parent
 * @param {ChildNode[]} olds
 * @param {ChildNode[]} nexts
 * @param {ChildNode | null} before the one ahead of them
 * @param {Box} box
 */
export function update(parent, olds, nexts, before, box) {
  const delta = new Delta(olds, nexts);
  delta.children(parent, olds, nexts, before, box);
  delta.clear();
  for (const [parent, box] of delta.torn) refill(parent, box);
}

class Delta {
  /** @type {Map<Node, Element> | undefined} of new elements the old ones, wherever they are */
  movable;
  /** @type {Set<ChildNode>} what goes, once nothing in it is needed any more */
  removed = new Set();
  /** @type {unknown} the guarded control in which it is at work */
  control;
  /** @type {Map<Node, Box>} what has texts that somebody took out of the page */
  torn = new Map();

  /** @param {ChildNode[]} olds @param {ChildNode[]} nexts */
  constructor(olds, nexts) {
    this.olds = olds;
    this.nexts = nexts;
  }

  /** @param {Node} [within] */
  clear(within) {
    for (const node of this.removed) {
      if (within && (!contains(within, node) || this.holdsMovable(node))) continue;
      for (const gone of [liveNodes.get(node), node]) if (gone) remove(gone);
      this.removed.delete(node);
    }
  }

  /** Whether something in a node may be needed elsewhere. @param {Node} node */
  holdsMovable(node) {
    return [...this.movable?.values() ?? []].some((element) => element !== node && contains(node, element));
  }

  /** @param {Node} parent @param {ChildNode[]} olds @param {ChildNode[]} nexts @param {ChildNode | null} before @param {Box} box */
  children(parent, olds, nexts, before, box) {
    const matches = match(olds, nexts, before);
    if (!matches) return;
    const arrange = () => this.arrange(contentOf(parent), matches, box);
    const control = box.container instanceof Element && closest(box.container, "select,textarea");
    if (!isControl(control) || control === this.control) return arrange();
    this.control = control;
    core.preserveInput(control, () => {
      arrange();
      this.clear(parent);
    }, "options" in control);
    if (control.type === "select-one") chooseFirst(/** @type {HTMLSelectElement} */ (control));
  }

  /** @param {Node} parent @param {import("./matching.js").Matches} matches @param {Box} box */
  arrange(parent, { before, olds, nexts, pairs, staying }, box) {
    const paired = new Set(pairs.values());
    for (const old of olds) if (!paired.has(old)) this.removed.add(old);
    for (const next of nexts) {
      const old = pairs.get(next) ?? this.findElsewhere(next);
      if (old && !staying.has(old)) move(old, parent, before, box);
      before = old && this.node(old, next, box) ? old : this.insert(next, parent, before, box);
    }
  }

  /** @param {ChildNode} old @param {ChildNode} next @param {Box} box @returns {boolean} false: it can only be another one */
  node(old, next, box) {
    const live = liveNodes.get(old);
    if (old instanceof Element) {
      if (!updateAttributes(old, /** @type {Element} */ (next))) return this.removed.add(old), false;
      if (ignoredOf(/** @type {Element} */ (next))("children")) replaceChildren(contentOf(old), ...childNodes(contentOf(next)));
      else this.children(old, childrenOf(old), childrenOf(next), null, boxOf(old));
    } else if (old.nodeValue !== next.nodeValue) {
      old.nodeValue = next.nodeValue;
      if (contains(box.container, live)) splice(live, next.nodeValue ?? "");
      else this.torn.set(/** @type {Node} */ (old.parentNode), box);
    }
    return true;
  }
  /** An element of this key that has another parent. @param {ChildNode} next @returns {ChildNode | undefined} */
  findElsewhere(next) {
    this.movable ??= movable(this.olds, this.nexts);
    const old = this.movable.get(next);
    if (!old || !isAlike(old, next)) return undefined;
    this.removed.delete(old);
    return old;
  }

  /** @param {ChildNode} next @param {Node} parent @param {ChildNode | null} before @param {Box} box @returns {ChildNode} that is now there */
  insert(next, parent, before, box) {
    const isShell = next instanceof Element && this.movable?.size && [...querySelectorAll(next, KEYED)].some((inner) => this.movable?.has(inner));
    const node = isShell ? /** @type {ChildNode} */ (cloneNode(next, false)) : next;
    insertBefore(parent, node, before ? nextSibling(before) : firstChild(parent));
    insertBefore(box.container, create(node), anchorAfter(before, box));
    if (isShell) this.children(node, [], childrenOf(next), null, boxOf(node));
    return node;
  }
}

const KEYED = "[id],[data-key]";

/** Elements of a key that no other has, before and after. @param {Node[]} olds @param {Node[]} nexts */
function movable(olds, nexts) {
  const [ours, theirs] = [olds, nexts].map(byKey);
  /** @type {Map<Node, Element>} */
  const found = new Map();
  for (const [key, element] of theirs) {
    const mine = ours.get(key);
    if (element && mine) found.set(element, mine);
  }
  return found;
}

/** @param {Node[]} nodes */
function byKey(nodes) {
  /** @type {Map<string, Element | null>} null where several have it */
  const found = new Map();
  for (const node of nodes) {
    if (!(node instanceof Element)) continue;
    for (const element of [node, ...querySelectorAll(node, KEYED)]) {
      const key = keyOf(element);
      if (key !== null) found.set(key, found.has(key) ? null : element);
    }
  }
  return found;
}

/** As browsers do when options come, and not when one gets enabled. @param {HTMLSelectElement} select */
function chooseFirst({ options, selectedIndex, size }) {
  const first = [...options].find(({ disabled }) => !disabled);
  if (selectedIndex < 0 && size < 2 && first) first.selected = true;
}

/** What the page has behind that which stands for `before`, or at the start. @param {Node | null} before @param {Box} box @returns {Node | null} */
function anchorAfter(before, { container, opening }) {
  for (let node = before; node; node = previousSibling(node)) {
    let live = liveNodes.get(node);
    while (live && parentNode(live) !== container) live = parentNode(live); // somebody may have put something around it
    if (live) return nextSibling(live);
  }
  return opening ? opening.nextSibling : firstChild(container);
}

/** @param {ChildNode} node @param {Node} parent @param {ChildNode | null} before @param {Box} box */
export function move(node, parent, before, box) {
  insertBefore(parent, node, before ? nextSibling(before) : firstChild(parent));
  const live = liveNodes.get(node);
  const anchor = anchorAfter(before, box);
  if (live === anchor || (!isConnected(live) && isConnected(box.container))) return; // somebody took it away
  if (parentNode(live) === box.container) moveSiblings(box.container, [live], anchor);
  else (isConnected(live) && isConnected(box.container) ? moveBefore : insertBefore)(box.container, live, anchor);
}

/** @param {Element} old @param {Element} next @returns {boolean} false: the page's policy forbids it */
export function updateAttributes(old, next) {
  const live = liveNodes.get(old);
  const isIgnored = ignoredOf(next);
  try {
    for (const { name } of [...attributes(old)]) if (!hasAttribute(next, name)) write(old, isIgnored(name) ? old : live, name, null);
    for (const attribute of attributes(next)) {
      if (getAttribute(old, attribute.name) !== attribute.value) write(old, isIgnored(attribute.name) ? old : live, attribute.name, attribute);
    }
    return true;
  } catch {
    return false;
  }
}

/** @param {Element} old @param {Element} live @param {string} name @param {Attr | null} attribute */
function write(old, live, name, attribute) {
  if (!attribute) core.updateAttribute(live, name, null);
  // Parsers take names that nobody else may give, and know those of XML.
  else if (/^[a-z][\w-]*$/i.test(name)) core.updateAttribute(live, name, attribute.value);
  else setAttributeNode(live, /** @type {Attr} */ (attribute.cloneNode()));
  if (attribute) setAttributeNode(old, /** @type {Attr} */ (attribute.cloneNode()));
  else removeAttribute(old, name);
  if (isWatched(name)) core.scanMarkup(parentOf(live));
}

/** What may be searched for an element. @param {Element} element @returns {ParentNode} */
function parentOf(element) {
  const parent = parentElement(element);
  return parent && !(parent instanceof HTMLFormElement) ? parent : document;
}

/** @param {Node} node @param {Box} box */
function refill(node, box) {
  const nodes = new DocumentFragment();
  for (const child of childNodes(contentOf(node))) nodes.append(create(child));
  if (box.fillWith) box.fillWith(nodes);
  else replaceChildren(/** @type {Element} */ (box.container), nodes);
}
