// `live-animate`, on an element or around it: what a patch brings has `data-entering` while CSS animates it; what a patch takes
// away stays with `data-leaving` until CSS has animated that, for the eyes only.

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

/** @type {Set<Element>} what is only there to be seen leaving */
const leaving = new Set();

/** @type {Features["changes"]} */
export const feature = { finishLeaving: () => finishLeaving(), forgetChanges: () => forgetChanges(), hook, needsTransition, runInTransition, start };

/** @param {MutationRecord[]} records of a patch */
function animate(records) {
  /** @type {Map<Node, MutationRecord>} the last removal of each node */
  const removals = new Map();
  /** @type {Set<Node>} nodes that the page didn't have */
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

/** Nothing leaves any more: the page is about to be read anew. */
const finishLeaving = () => leaving.forEach(finishGhost);

/** @param {Node[]} nodes */
function startEntering(nodes) {
  const entering = nodes.filter((node) => node instanceof Element && isConnected(node) && closest(node, `[${ANIMATE}]`));
  for (const element of /** @type {Element[]} */ (entering)) {
    if (!matches(element, `[${ENTERING}] *`)) setAttribute(element, ENTERING, "");
  }
  for (const element of /** @type {Element[]} */ (entering)) {
    // Without an animation at once: whoever has a transition sees it begin.
    allFinished(animationsOf(element)).then(() => removeAttribute(element, ENTERING));
  }
}

/** @param {Map<Node, MutationRecord>} removals @param {Set<Node>} fresh */
function startLeaving(removals, fresh) {
  /** @type {Map<Element, Animation[]>} with what moves in them anyway */
  const ghosts = new Map();
  for (const [node, { target }] of removals) {
    if (!(node instanceof Element) || isConnected(node) || fresh.has(node) || !isConnected(target)) continue;
    if (!matches(node, `[${ANIMATE}]`) && !(target instanceof Element && closest(target, `[${ANIMATE}]`))) continue;
    makeInert(node);
    insertBefore(target, node, anchorOf(node, removals));
    ghosts.set(node, []);
  }
  for (const ghost of ghosts.keys()) ghosts.set(ghost, animationsOf(ghost)); // as it was: transitions begin there
  for (const ghost of ghosts.keys()) setAttribute(ghost, LEAVING, "");
  for (const [ghost, before] of ghosts) {
    leaving.add(ghost);
    const animations = animationsOf(ghost).filter((animation) => !before.includes(animation));
    if (animations.length) allFinished(animations).then(() => finishGhost(ghost));
    else finishGhost(ghost);
  }
}

/** Before which node one stood that was removed. @param {Node} node @param {Map<Node, MutationRecord>} removals */
function anchorOf(node, removals) {
  const { target } = /** @type {MutationRecord} */ (removals.get(node));
  let anchor = /** @type {Node | null | undefined} */ (node);
  do anchor = removals.get(/** @type {Node} */ (anchor))?.nextSibling;
  while (anchor && parentNode(anchor) !== target);
  return anchor ?? null;
}

/** Makes an element one that is seen and nothing else: no slots, no fields, no focus. @param {Element} element */
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

/** Whether the page has another element of its id by now. @param {Element} ghost */
const isBack = (ghost) => hasAttribute(ghost, "id") && document.querySelectorAll(`#${CSS.escape(getAttribute(ghost, "id") ?? "")}`).length > 1;

/** @param {Element} ghost */
function finishGhost(ghost) {
  leaving.delete(ghost);
  remove(ghost);
  settleHooks([]);
}

// What a patch changes in the page, for those who want to know: hooks, and what is animated.

const observer = new MutationObserver(() => {});

function start() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "after") processRecords(observer.takeRecords());
    else if (hasHooks() || document.querySelector(`[${ANIMATE}]`)) {
      observer.observe(document, { attributes: true, characterData: true, childList: true, subtree: true });
    }
  });
}

/** What was changed so far is no news: the whole page is another. */
const forgetChanges = () => void observer.takeRecords();

/** @param {MutationRecord[]} records */
function processRecords(records) {
  observer.disconnect();
  animate(records);
  settleHooks(records);
}

// `live-transition`: the answer to what has it, or is in what has it, is shown by a view transition; on the body, all else too.

/** Whether a message, which is about to be heeded, has to wait for a view transition. @param {any} message */
function needsTransition(message) {
  const [, ack = 0, patch = [], answers = []] = Array.isArray(message) ? message : [];
  if (!Array.isArray(message) || patch.page) finishLeaving();
  return (patch.page || patch.length) && allowsMotion() && "startViewTransition" in document
    && causesOf(ack, answers).some((element) => element && closest(element, "[live-transition]"));
}

/** @param {number} ack @param {any[]} answers @returns {(Element | null | undefined)[]} */
function causesOf(ack, answers) {
  const over = core.pending().filter(({ n, running }) => (!running && n <= ack) || answers.some((answered, i) => i % 3 === 0 && answered === n));
  return over.length ? over.map(({ cause, source }) => cause ?? source) : [document.body];
}

/** Runs `update`, which changes the page, when the browser has taken a picture of it. @param {() => void} update */
async function runInTransition(update) {
  const { ready, updateCallbackDone } = document.startViewTransition(update);
  ready.catch(() => {}); // another one has come, or nobody looks any more
  await updateCallbackDone;
}
