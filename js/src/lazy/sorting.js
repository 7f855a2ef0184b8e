// `live-sort`: the user puts the items of a list in order, by pointer or keyboard. The list into which an item is dropped calls
// its action, with the item's `data-key` as `id`, and as `before` that of the item before which it was dropped, if any.
// `live-sort.group.cards` allows to move items between all lists of a group.
//
// The new position of an item is pending state: during each patch the item is back at its old position, and after it at the new
// one again, until the answer. So patches find the list as the server rendered it, even while an item is being dragged.

/** @import { Call, Features, Request } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { CALL_REF, CALL_SLOT } from "../core/wire.js";
import { core } from "./bridge.js";
import { closest, contains, focus, getAttribute, getBoundingClientRect, isConnected, localName, nextSibling, parentElement, parentNode, querySelector, querySelectorAll } from "./members.js";
import { moveBefore } from "./moves.js";
import { scrollerOf } from "./scrolling.js";

/** @typedef {{ item: any, list: Call, before: Element | undefined }} Drop an item and its position */
/** @typedef {Drop & { request: Request, origin: Drop, grip: any, end: AbortController, x: number, y: number }} Drag */

const TYPE = "sort";
const HANDLE = "data-handle";
const FIELDS = "input,textarea,select,option,[contenteditable]";
const DISTANCE = 5; // px that the pointer has to move to start a drag
const HOLD = 300; // ms that a finger has to rest on an item without a handle to start a drag
const EDGE = 40; // px from the edge of the scroll container, within which it scrolls
const SPEED = 10; // px per frame
/** Default styles, in a layer that the page's own rules override. */
const STYLE = `@layer live { [${HANDLE}] { touch-action: none; cursor: grab } [data-sorting] * { cursor: grabbing; user-select: none } }`;
const HIDDEN = { position: "fixed", clipPath: "inset(50%)", whiteSpace: "nowrap" };

/** @type {Set<Element>} lists that have the attribute, or had it */
const lists = new Set();
/** @type {Drag | undefined} */
let drag;

/** @type {Features["sorting"]} */
export const feature = {
  /** The item being dragged, which is shown as pending. */
  get unsent() { return drag ? [drag.request] : []; },
  register,
};

/** Make a list sortable. @param {Call} call */
function register({ element }) {
  if (!lists.size) begin();
  lists.add(element);
}

/** Add styles and listeners, for the first list. */
function begin() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  addEventListener("pointerdown", onPointer);
  addEventListener("keydown", onKey);
}

// Lists and their items.

/** The call of a sortable list. @param {Element} element @returns {Call | undefined} */
const sortOf = (element) => callsOf(element).find(({ type }) => type === TYPE);
/** The group of a list: a name, or the list itself. @param {Call} call */
const groupOf = ({ element, modifiers }) => (modifiers[0] === "group" ? modifiers[1] : element);
/** @param {Element} element */
const keyOf = (element) => getAttribute(element, "data-key");
/** @param {Element} list @returns {any[]} */
const itemsOf = (list) => [...querySelectorAll(list, "[data-key]")].filter((item) => parentElement(item) === list);
/** The other items of the list. @param {Drop} drop */
const others = ({ item, list }) => itemsOf(list.element).filter((other) => other !== item);

/** The item around an element. @param {any} target @returns {Drop | undefined} */
function itemAround(target) {
  let item = target;
  for (let parent; (parent = parentElement(item)); item = parent) {
    const list = keyOf(item) !== null && sortOf(parent);
    if (list) return { item, list, before: itemsOf(parent)[itemsOf(parent).indexOf(item) + 1] };
  }
  return undefined;
}

/** The lists that an item can be moved to, in document order. @param {Drop} drop */
function listsFor({ item, list }) {
  for (const element of lists) if (!isConnected(element)) lists.delete(element);
  const calls = [...lists].map(sortOf).filter((call) => call && groupOf(call) === groupOf(list) && !contains(item, call.element));
  return /** @type {Call[]} */ (calls).sort((a, b) => (a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
}

// Dragging.

/**
 * Start a drag.
 * @param {Drop} origin
 * @param {any} grip the pressed element
 * @param {AbortController} end aborted when the drag ends
 */
function start(origin, grip, end) {
  const current = (drag = { ...origin, origin, grip, end, x: 0, y: 0, request: { build: () => null, show: () => showDragged(current) } });
  document.documentElement.toggleAttribute("data-sorting", true);
  end.signal.addEventListener("abort", () => {
    drag = undefined;
    document.documentElement.toggleAttribute("data-sorting", false);
    core.applyPending();
  });
  core.applyPending();
}

/**
 * Show the dragged item at its new position. The drag ends if the item was removed, or another page is shown.
 * @param {Drag} dragged
 */
function showDragged(dragged) {
  if (isConnected(dragged.item)) show(dragged, "data-dragging");
  else queueMicrotask(() => dragged.end.abort());
}

/** Move the dragged item. @param {Call} list @param {Element | undefined} before */
function put(list, before) {
  if (!drag || (list.element === drag.list.element && before === drag.before)) return;
  Object.assign(drag, { list, before });
  core.applyPending();
}

/** End a drag, and call the list's action. The item stays at its new position until the answer. @param {Drag} dragged */
function drop({ origin, item, list, before, end }) {
  end.abort();
  if (list.element === origin.list.element && before === origin.before) return;
  const { element, descriptor } = list;
  const fields = ["id", keyOf(item), ...before ? ["before", keyOf(before)] : []];
  const dropped = { item, list, before };
  core.perform({
    build() {
      const called = core.calledBy(element, descriptor);
      return called === null ? null : [typeof called == "string" ? CALL_REF : CALL_SLOT, called, fields];
    },
    show: () => show(dropped, "data-pending"),
    source: element,
  });
}

/**
 * Show an item at a position until the next revert.
 * @param {Drop} dropped
 * @param {string} attribute set on the item meanwhile
 */
function show({ item, list: { element }, before }, attribute) {
  if (!isConnected(item) || !isConnected(element)) return;
  const parent = parentNode(item), next = nextSibling(item);
  const last = others({ item, list: /** @type {Call} */ ({ element }), before }).at(-1);
  move(element, item, before && parentElement(before) === element ? before : last ? nextSibling(last) : null);
  core.onRevert(() => { if (isConnected(item)) move(parent, item, next); });
  core.setWhilePending(item, attribute, "");
}

/** Move an item in the page, and keep the focus in it. @param {any} parent @param {any} item @param {Node | null} anchor */
function move(parent, item, anchor) {
  const { activeElement } = document;
  if (anchor !== item) moveBefore(parent, item, anchor);
  if (contains(item, activeElement) && document.activeElement !== activeElement) focus(/** @type {any} */ (activeElement), { preventScroll: true });
}

// Pointer.

/** Prepare a drag when an item is pressed. @param {PointerEvent} event */
function onPointer(event) {
  const target = /** @type {Element} */ (event.target);
  const origin = !event.button && event.isPrimary && !drag && itemAround(target);
  if (!origin) return;
  const handle = closest(target, `[${HANDLE}]`);
  if (handle ? !contains(origin.item, handle) : querySelector(origin.item, `[${HANDLE}]`) || closest(target, FIELDS)) return;
  const end = new AbortController();
  const options = { signal: end.signal };
  const holds = event.pointerType === "touch" && !handle;
  const begin = () => {
    if (drag || !isConnected(target)) return end.abort();
    start(origin, target, end);
    target.setPointerCapture?.(event.pointerId);
    scroll();
  };
  const timer = holds ? setTimeout(begin, HOLD) : 0;
  end.signal.addEventListener("abort", () => clearTimeout(timer));
  addEventListener("pointermove", ({ clientX: x, clientY: y, pointerId, buttons }) => {
    if (pointerId !== event.pointerId) return;
    if (!buttons) return end.abort(); // the button was released outside of the window
    if (!drag && Math.hypot(x - event.clientX, y - event.clientY) > DISTANCE) {
      if (holds) end.abort();
      else begin();
    }
    if (!drag) return;
    Object.assign(drag, { x, y });
    follow();
  }, options);
  addEventListener("pointerup", ({ pointerId }) => {
    if (pointerId !== event.pointerId) return;
    if (!drag) return end.abort();
    swallowClick();
    drop(drag);
  }, options);
  addEventListener("pointercancel", ({ pointerId }) => { if (pointerId === event.pointerId) end.abort(); }, options);
  for (const type of ["selectstart", "dragstart", "contextmenu"]) addEventListener(type, (event) => { if (drag || type === "dragstart") event.preventDefault(); }, options);
  addEventListener("touchmove", (event) => { if (drag) event.preventDefault(); }, { ...options, passive: false });
}

/** Prevent the click that browsers dispatch after a drag that began and ended in the same element. */
function swallowClick() {
  const once = new AbortController();
  addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, signal: once.signal });
  setTimeout(() => once.abort());
}

/** Move the dragged item to the pointer. */
function follow() {
  if (!drag) return;
  const { item, x, y } = drag;
  const possible = listsFor(drag.origin);
  for (let element = document.elementFromPoint(x, y); element; element = parentElement(element)) {
    const list = possible.find((call) => call.element === element || isEmptyIn(call.element, element));
    if (!list) continue;
    const items = others({ item, list, before: undefined });
    return put(list, items.find((other) => isBefore(x, y, getBoundingClientRect(other), directionOf(list.element))));
  }
}

/**
 * Whether a list is an empty table body: it has no height, so the pointer is over the table.
 * @param {Element} list
 * @param {Element} table
 */
const isEmptyIn = (list, table) => localName(table) === "table" && parentElement(list) === table && itemsOf(list).length === 0;

/** The direction in which a list's items are laid out: 1 to the right, -1 to the left, 0 downwards. @param {Element} list */
function directionOf(list) {
  const [first, second] = itemsOf(list).map(getBoundingClientRect);
  return second && second.top < first.bottom ? Math.sign(second.left - first.left) : 0;
}

/**
 * Whether a point is before the middle of an item.
 * @param {number} x
 * @param {number} y
 * @param {DOMRect} box the item's
 * @param {number} direction
 */
function isBefore(x, y, { left, top, width, height }, direction) {
  if (!direction) return y < top + height / 2;
  return y < top || (y < top + height && (x - left - width / 2) * direction < 0);
}

/** Scroll the list's container while the pointer is near its edge, frame by frame. */
function scroll() {
  if (!drag) return;
  const box = scrollerOf(drag.item);
  const { top, bottom } = box === document.scrollingElement ? { top: 0, bottom: innerHeight } : getBoundingClientRect(box);
  const { scrollTop } = box;
  if (drag.y) box.scrollTop += drag.y < top + EDGE ? -SPEED : drag.y > bottom - EDGE ? SPEED : 0;
  if (box.scrollTop !== scrollTop) follow();
  requestAnimationFrame(scroll);
}

// Keyboard: Space picks an item up, and drops it; arrow keys move it; Escape cancels.

/** Pick up, move, drop or cancel. @param {KeyboardEvent} event */
function onKey(event) {
  const { key, target, repeat } = event;
  const holds = drag?.grip === target;
  if (drag && key === "Escape") drag.end.abort();
  else if (drag && holds && key === "Tab") return drag.end.abort();
  else if (drag && holds && /^( |Enter)$/.test(key)) repeat || drop(drag);
  else if (drag && holds && STEPS[key]) step(STEPS[key]);
  else if (!drag && key === " ") {
    const origin = itemAround(target);
    if (!origin || (target !== origin.item && !(/** @type {Element} */ (target)).hasAttribute(HANDLE))) return;
    if (!repeat) take(origin, target);
  } else return;
  event.preventDefault();
}

/** Pick an item up by keyboard. Pressing the pointer cancels. @param {Drop} origin @param {any} grip */
function take(origin, grip) {
  const end = new AbortController();
  start(origin, grip, end);
  addEventListener("pointerdown", () => end.abort(), { signal: end.signal });
  announce();
}

/** @type {Record<string, [along: number, across: number]>} steps along the list, and to other lists */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Move the item by a step. @param {[number, number]} by */
function step([along, across]) {
  if (!drag) return;
  const items = others(drag);
  const direction = directionOf(drag.list.element);
  if (direction) [along, across] = [across * direction, along];
  const at = drag.before ? items.indexOf(drag.before) : items.length;
  const possible = listsFor(drag.origin);
  const list = possible[possible.findIndex(({ element }) => element === drag?.list.element) + across] ?? drag.list;
  put(list, others({ ...drag, list })[Math.max(0, at + along)]);
  drag.item.scrollIntoView({ block: "nearest" });
  announce();
}

/** @type {HTMLElement | undefined} */
let status;

/** Announce the item's position to screen readers. */
function announce() {
  if (!drag) return;
  if (!status) {
    status = document.createElement("div");
    status.setAttribute("role", "status");
    Object.assign(status.style, HIDDEN);
  }
  document.documentElement.append(status);
  const items = others(drag);
  status.textContent = `${drag.before ? items.indexOf(drag.before) + 1 : items.length + 1} / ${items.length + 1}`;
}
