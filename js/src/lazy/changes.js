// Animates what patches change. Within `live-animate`, added elements have `data-entering` while CSS animates them, and removed
// elements stay as inert *ghosts* with `data-leaving` until their animation ends. This module also runs hooks (`live-hook`)
// and view transitions (`live-transition`).

/** @import { Features } from "../interface.js" */
import { MARK } from "../core/wire.js";
import { core } from "./bridge.js";
import { hasHooks, hook, settleHooks } from "./hooks.js";
import { closest, getAttribute, hasAttribute, insertBefore, isConnected, matches, parentNode, querySelectorAll, remove, removeAttribute, setAttribute, toggleAttribute } from "./members.js";
import { allFinished, allowsMotion, animationsOf } from "./motion.js";

const ANIMATE = "live-animate";
const ENTERING = "data-entering";
const LEAVING = "data-leaving";
const CONTROLS = "input,select,textarea,button,output,fieldset,object";

/** @type {Set<Element>} the ghosts in the page */
const leaving = new Set();

/** @type {Features["changes"]} */
export const feature = { finishLeaving: () => finishLeaving(), forgetChanges: () => forgetChanges(), hook, needsTransition, runInTransition, start };

/** Animate the elements that a patch has added and removed. @param {MutationRecord[]} records of a patch */
function animate(records) {
  /** @type {Map<Node, MutationRecord>} the last removal of each node */
  const removals = new Map();
  /** @type {Set<Node>} nodes that weren't in the page before */
  const fresh = new Set();
  for (const record of records) {
    for (const node of record.removedNodes) removals.set(node, record);
    for (const node of record.addedNodes) if (!removals.has(node)) fresh.add(node);
  }
  for (const ghost of leaving) {
    removals.delete(ghost);
    if (!isConnected(ghost) || isBack(ghost)) finishGhost(ghost);
  }
  if (!allowsMotion()) return;
  startEntering([...fresh]);
  startLeaving(removals, fresh);
}

/** Remove all ghosts, before other code reads the page. */
const finishLeaving = () => leaving.forEach(finishGhost);

/** Mark elements as entering until their animations end. @param {Node[]} nodes */
function startEntering(nodes) {
  const entering = nodes.filter((node) => node instanceof Element && isConnected(node) && closest(node, `[${ANIMATE}]`));
  for (const element of /** @type {Element[]} */ (entering)) {
    if (!matches(element, `[${ENTERING}] *`)) setAttribute(element, ENTERING, "");
  }
  for (const element of /** @type {Element[]} */ (entering)) {
    // Without an animation, the mark is removed at once. A CSS transition starts from its style.
    allFinished(animationsOf(element)).then(() => removeAttribute(element, ENTERING));
  }
}

/**
 * Put removed elements back as ghosts until their animations end.
 * @param {Map<Node, MutationRecord>} removals
 * @param {Set<Node>} fresh
 */
function startLeaving(removals, fresh) {
  /** @type {Map<Element, Animation[]>} with the animations that run in them already */
  const ghosts = new Map();
  for (const [node, { target }] of removals) {
    if (!(node instanceof Element) || isConnected(node) || fresh.has(node) || !isConnected(target)) continue;
    if (!matches(node, `[${ANIMATE}]`) && !(target instanceof Element && closest(target, `[${ANIMATE}]`))) continue;
    makeInert(node);
    insertBefore(target, node, anchorOf(node, removals));
    ghosts.set(node, []);
  }
  for (const ghost of ghosts.keys()) ghosts.set(ghost, animationsOf(ghost)); // computes the style from which transitions start
  for (const ghost of ghosts.keys()) setAttribute(ghost, LEAVING, "");
  for (const [ghost, before] of ghosts) {
    leaving.add(ghost);
    const animations = animationsOf(ghost).filter((animation) => !before.includes(animation));
    if (animations.length) allFinished(animations).then(() => finishGhost(ghost));
    else finishGhost(ghost);
  }
}

/**
 * Find the node before which a removed node was: its next sibling that is still there.
 * @param {Node} node
 * @param {Map<Node, MutationRecord>} removals
 */
function anchorOf(node, removals) {
  const { target } = /** @type {MutationRecord} */ (removals.get(node));
  let anchor = /** @type {Node | null | undefined} */ (node);
  do anchor = removals.get(/** @type {Node} */ (anchor))?.nextSibling;
  while (anchor && parentNode(anchor) !== target);
  return anchor ?? null;
}

/** Make an element purely visual: without slots, fields, inner ids and focus. @param {Element} element */
function makeInert(element) {
  const comments = document.createNodeIterator(element, NodeFilter.SHOW_COMMENT);
  for (let comment; (comment = /** @type {Comment | null} */ (comments.nextNode()));) comment.remove();
  for (const part of [element, ...querySelectorAll(element, "*")]) {
    removeAttribute(part, MARK);
    if (matches(part, CONTROLS)) removeAttribute(part, "name");
    if (part !== element) removeAttribute(part, "id");
  }
  removeAttribute(element, ENTERING);
  toggleAttribute(element, "inert", true);
  setAttribute(element, "aria-hidden", "true");
}

/** Whether the page has got a new element with the ghost's id. @param {Element} ghost */
const isBack = (ghost) => hasAttribute(ghost, "id") && document.querySelectorAll(`#${CSS.escape(getAttribute(ghost, "id") ?? "")}`).length > 1;

/** Remove a ghost. @param {Element} ghost */
function finishGhost(ghost) {
  leaving.delete(ghost);
  remove(ghost);
  settleHooks([]);
}

// Records what patches change, for hooks and animations.

const observer = new MutationObserver(() => {});

/** Observe the page during patches, if it has hooks or animations. */
function start() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "after") processRecords(observer.takeRecords());
    else if (hasHooks() || document.querySelector(`[${ANIMATE}]`)) {
      observer.observe(document, { attributes: true, characterData: true, childList: true, subtree: true });
    }
  });
}

/** Discard the changes so far, since the whole page was replaced. */
const forgetChanges = () => void observer.takeRecords();

/** Run animations and hooks after a patch. @param {MutationRecord[]} records */
function processRecords(records) {
  observer.disconnect();
  animate(records);
  settleHooks(records);
}

// `live-transition` on an element: the answers to its ops, and to those of elements in it, are shown with a view transition. On
// the body, pushes are as well.

/** Whether a message has to be applied in a view transition. Called just before it is applied. @param {any} message */
function needsTransition(message) {
  const [, ack = 0, patch = [], answers = []] = Array.isArray(message) ? message : [];
  if (!Array.isArray(message) || patch.page) finishLeaving();
  return (patch.page || patch.length) && allowsMotion() && "startViewTransition" in document
    && causesOf(ack, answers).some((element) => element && closest(element, "[live-transition]"));
}

/**
 * The elements whose ops a frame finishes; the body for a push.
 * @param {number} ack
 * @param {any[]} answers
 * @returns {(Element | null | undefined)[]}
 */
function causesOf(ack, answers) {
  const over = core.pending().filter(({ n, running }) => (!running && n <= ack) || answers.some((answered, i) => i % 3 === 0 && answered === n));
  return over.length ? over.map(({ cause, source }) => cause ?? source) : [document.body];
}

/** Run `update`, which changes the page, in a view transition; resolves when it has run. @param {() => void} update */
async function runInTransition(update) {
  const { ready, updateCallbackDone } = document.startViewTransition(update);
  ready.catch(() => {}); // skipped: another transition has started, or the page is hidden
  await updateCallbackDone;
}
