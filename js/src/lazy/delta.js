// Changes raw HTML in the page with a three-way merge, so that what users, widgets and browser extensions did to it is kept.
//
// There are three trees. The *old* tree is what the server sent last, the *next* tree what it sends now; neither is in the
// page. The *live* tree is in the page, and anything may have changed it. Each old node is linked to its live node
// (`liveNodes`). The old tree is turned into the next one step by step, and each step is repeated on the live nodes: only the
// difference between the server's two trees is written to the page, never the difference between the page and the server.
//
//     old:   <li class="a">One</li>                  class and text are the server's
//     live:  <li class="a" style="…">One</li> <x-y>  a script has added the style and an element
//     next:  <li class="b">One</li>                  only the class differs: it is set; style and element stay
//
// For each parent, matching.js says which old child becomes which next one. An element with a key may also have moved to
// another parent: it is looked up among all keyed elements (`findElsewhere`). So removed nodes are only collected at first,
// and taken out of the page at the end (`clear`), when nothing in them can be needed elsewhere.

import { isWatched } from "../core/calls.js";
import { isControl } from "../core/controls.js";
import { splice } from "../core/text.js";
import { core } from "./bridge.js";
import { ignoredOf } from "./ignore.js";
import { isAlike, keyOf, match } from "./matching.js";
import { attributes, childNodes, cloneNode, closest, contains, firstChild, getAttribute, hasAttribute, insertBefore, isConnected, nextSibling, parentElement, parentNode, previousSibling, querySelectorAll, remove, removeAttribute, replaceChildren, setAttributeNode } from "./members.js";
import { moveBefore, moveSiblings } from "./moves.js";
import { contentOf } from "./parsing.js";

/** @typedef {{ container: Node, opening?: Node | null, closing?: Node | null, fillWith?: (nodes: Node) => void }} Box the place of an old node's children in the page */

/** @type {WeakMap<Node, any>} live nodes by their old ones */
const liveNodes = new WeakMap();

/**
 * Link a node of the server, and all in it, with the equal live node.
 * @param {Node} node
 * @param {Node} live
 */
export function link(node, live) {
  liveNodes.set(node, live);
  let other = firstChild(contentOf(live));
  for (let child = firstChild(contentOf(node)); child && other; child = nextSibling(child), other = nextSibling(other)) link(child, other);
}

/** Copy a node of the server for the page. @param {Node} node */
function create(node) {
  const nodes = new DocumentFragment();
  const copy = cloneNode(node, true);
  link(node, copy);
  nodes.append(copy); // may upgrade custom elements, which add children; so link before this
  core.scanMarkup(nodes);
  return nodes;
}

/** The children of a node, those of a template's content included. @param {Node} node @returns {ChildNode[]} */
export const childrenOf = (node) => [...childNodes(contentOf(node))];

/** The place in the page of an old element's children. @param {Node} node @returns {Box} */
export const boxOf = (node) => ({ container: contentOf(liveNodes.get(node)) });

/**
 * Turn children of an old element into others, in the old tree and in the page.
 * @param {Node} parent the old element
 * @param {ChildNode[]} olds the children that change
 * @param {ChildNode[]} nexts what they become
 * @param {ChildNode | null} before the sibling before `olds`
 * @param {Box} box the place of `olds` in the page
 */
export function update(parent, olds, nexts, before, box) {
  const delta = new Delta(olds, nexts);
  delta.children(parent, olds, nexts, before, box);
  delta.clear();
  for (const [parent, box] of delta.torn) refill(parent, box);
}

/** One run of the merge. */
class Delta {
  /** @type {Map<Node, Element> | undefined} old elements by the next elements with their key, wherever they are */
  movable;
  /** @type {Set<ChildNode>} old nodes to remove at the end */
  removed = new Set();
  /** @type {unknown} the select or textarea whose content is being changed, with its input preserved */
  control;
  /** @type {Map<Node, Box>} old elements with changed texts whose live text is gone: their content is written as a whole */
  torn = new Map();

  /** @param {ChildNode[]} olds @param {ChildNode[]} nexts */
  constructor(olds, nexts) {
    this.olds = olds;
    this.nexts = nexts;
  }

  /** Remove the collected nodes. @param {Node} [within] only those in this node that contain nothing movable */
  clear(within) {
    for (const node of this.removed) {
      if (within && (!contains(within, node) || this.holdsMovable(node))) continue;
      for (const gone of [liveNodes.get(node), node]) if (gone) remove(gone);
      this.removed.delete(node);
    }
  }

  /** Whether a node contains an element that may move elsewhere. @param {Node} node */
  holdsMovable(node) {
    return [...this.movable?.values() ?? []].some((element) => element !== node && contains(node, element));
  }

  /**
   * Turn children into others; see `update` for the parameters.
   * @param {Node} parent
   * @param {ChildNode[]} olds
   * @param {ChildNode[]} nexts
   * @param {ChildNode | null} before
   * @param {Box} box
   */
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

  /**
   * Bring the children into the new order: change those that have a partner, insert the others.
   * @param {Node} parent
   * @param {import("./matching.js").Matches} matches
   * @param {Box} box
   */
  arrange(parent, { before, olds, nexts, pairs, staying }, box) {
    const paired = new Set(pairs.values());
    for (const old of olds) if (!paired.has(old)) this.removed.add(old);
    for (const next of nexts) {
      const old = pairs.get(next) ?? this.findElsewhere(next);
      if (old && !staying.has(old)) move(old, parent, before, box);
      before = old && this.node(old, next, box) ? old : this.insert(next, parent, before, box);
    }
  }

  /**
   * Turn an old node into its partner.
   * @param {ChildNode} old
   * @param {ChildNode} next
   * @param {Box} box
   * @returns {boolean} false if it has to be replaced
   */
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

  /** Find the old element with this key under another parent. @param {ChildNode} next @returns {ChildNode | undefined} */
  findElsewhere(next) {
    this.movable ??= movable(this.olds, this.nexts);
    const old = this.movable.get(next);
    if (!old || !isAlike(old, next)) return undefined;
    this.removed.delete(old);
    return old;
  }

  /**
   * Insert a node without a partner. If old elements move into it, it is inserted empty and filled afterwards.
   * @param {ChildNode} next
   * @param {Node} parent
   * @param {ChildNode | null} before
   * @param {Box} box
   * @returns {ChildNode} the node in the old tree
   */
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

/** Pair elements by keys that are unique in both trees: next to old. @param {Node[]} olds @param {Node[]} nexts */
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

/** Index all elements in some nodes by their keys. @param {Node[]} nodes */
function byKey(nodes) {
  /** @type {Map<string, Element | null>} null for keys of several elements */
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

/**
 * Select the first enabled option if none is selected. Browsers do so when options are added, but not when one is enabled.
 * @param {HTMLSelectElement} select
 */
function chooseFirst({ options, selectedIndex, size }) {
  const first = [...options].find(({ disabled }) => !disabled);
  if (selectedIndex < 0 && size < 2 && first) first.selected = true;
}

/**
 * The live node before which to insert: the one after the live node of `before`, or of the closest earlier sibling that is
 * still there.
 * @param {Node | null} before
 * @param {Box} box
 * @returns {Node | null}
 */
function anchorAfter(before, { container, opening }) {
  for (let node = before; node; node = previousSibling(node)) {
    let live = liveNodes.get(node);
    while (live && parentNode(live) !== container) live = parentNode(live); // a script may have wrapped it
    if (live) return nextSibling(live);
  }
  return opening ? opening.nextSibling : firstChild(container);
}

/**
 * Move an old node behind `before`, and its live node.
 * @param {ChildNode} node
 * @param {Node} parent the new parent
 * @param {ChildNode | null} before
 * @param {Box} box
 */
export function move(node, parent, before, box) {
  insertBefore(parent, node, before ? nextSibling(before) : firstChild(parent));
  const live = liveNodes.get(node);
  const anchor = anchorAfter(before, box);
  if (live === anchor || (!isConnected(live) && isConnected(box.container))) return; // in place already, or a script has removed it
  if (parentNode(live) === box.container) moveSiblings(box.container, [live], anchor);
  else (isConnected(live) && isConnected(box.container) ? moveBefore : insertBefore)(box.container, live, anchor);
}

/**
 * Change an element's attributes.
 * @param {Element} old
 * @param {Element} next
 * @returns {boolean} false if the content security policy forbids it
 */
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

/**
 * Set an attribute of an old element and its live one.
 * @param {Element} old
 * @param {Element} live
 * @param {string} name
 * @param {Attr | null} attribute null removes it
 */
function write(old, live, name, attribute) {
  if (!attribute) core.updateAttribute(live, name, null);
  // Parsed attributes may have names that `setAttribute` rejects, or an XML namespace: copy the node instead.
  else if (/^[a-z][\w-]*$/i.test(name)) core.updateAttribute(live, name, attribute.value);
  else setAttributeNode(live, /** @type {Attr} */ (attribute.cloneNode()));
  if (attribute) setAttributeNode(old, /** @type {Attr} */ (attribute.cloneNode()));
  else removeAttribute(old, name);
  if (isWatched(name)) core.scanMarkup(parentOf(live));
}

/**
 * A node in which the watcher finds an element; not a form, whose members may be hidden by its fields.
 * @param {Element} element
 * @returns {ParentNode}
 */
function parentOf(element) {
  const parent = parentElement(element);
  return parent && !(parent instanceof HTMLFormElement) ? parent : document;
}

/** Write an old element's whole content to the page. @param {Node} node @param {Box} box */
function refill(node, box) {
  const nodes = new DocumentFragment();
  for (const child of childNodes(contentOf(node))) nodes.append(create(child));
  if (box.fillWith) box.fillWith(nodes);
  else replaceChildren(/** @type {Element} */ (box.container), nodes);
}
