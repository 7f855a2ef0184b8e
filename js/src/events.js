// Event attributes: one listener per type on the document. In compiled markup an action slot stands for the attribute,
// `@input.debounce.300` among an element's marks; in raw HTML it is there itself, `live-input.debounce.300="reference"`.

import { fieldsOf, referenceIn } from "./fields.js";
import { isControl, see, groupOf } from "./values.js";
import { CALL_REF, CALL_SLOT, MARK, MARK_EVENT } from "./wire.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {{ element: Element, descriptor: string, modifiers: string[], ref?: string }} Call ref: only in raw HTML */
/** @typedef {{ element: Element, descriptor: string, timer: number, run: (() => void) | null }} Delay */

const USUAL = ["click", "dblclick", "input", "change", "keydown", "keyup", "focus", "blur", "submit"];
const RAW = "live-";
const PAUSE = 250; // ms of debounce and throttle without a number
/** @type {Record<string, string>} */
const KEYS = { space: " ", esc: "escape", up: "arrowup", down: "arrowdown", left: "arrowleft", right: "arrowright" };
const HELD = /^(ctrl|shift|alt|meta)$/;
const MODIFIER = /^(debounce|throttle|once|self|window|prevent|\d+)$/;

/** @type {Client} */
let client;
/** @type {Map<string, Set<string>>} by event type: selectors of elements that listen at the window */
const types = new Map();
/** @type {WeakMap<Element, Set<string>>} descriptors that were to run once, and did */
const spent = new WeakMap();
/** @type {Set<Delay>} in the order in which they began */
const delays = new Set();

/** @param {Client} owner */
export function watchEvents(owner) {
  client = owner;
  USUAL.forEach(listenTo);
  discover(document);
}

/** Listens for the types that markup names. @param {ParentNode} nodes */
export function discover(nodes) {
  const marks = new Set();
  for (const element of nodes.querySelectorAll("*")) {
    for (const name of element.getAttributeNames()) {
      if (name === MARK) marks.add(element.getAttribute(MARK));
      else if (name.startsWith(RAW)) note(name.slice(RAW.length), `[${CSS.escape(name)}]`);
    }
  }
  for (const mark of new Set([...marks].join(" ").split(" ")))
    if (mark[0] === MARK_EVENT) note(mark.slice(1), `[${MARK}~="${mark}"]`);
}

/** @param {string} descriptor "input.debounce.300" @param {string} selector of its elements */
function note(descriptor, selector) {
  const [type = "", ...modifiers] = descriptor.split(".");
  const atWindow = listenTo(type);
  if (modifiers.includes("window")) atWindow.add(selector);
}

/** @param {string} type */
function listenTo(type) {
  let atWindow = types.get(type);
  if (!atWindow) {
    types.set(type, (atWindow = new Set()));
    document.addEventListener(type, handle);
    document.addEventListener(type, handle, true); // for those that don't bubble
    addEventListener(type, handleAtWindow);
  }
  return atWindow;
}

/** @param {Event} event */
function handle(event) {
  if ((event.eventPhase === Event.CAPTURING_PHASE) === event.bubbles) return;
  let element = event.target instanceof Element ? event.target : null;
  for (; element; element = event.bubbles ? element.parentElement : null)
    for (const call of callsOf(element, event.type)) if (!call.modifiers.includes("window")) meet(call, event);
}

/** @param {Event} event */
function handleAtWindow(event) {
  const { type } = event;
  const selector = [.../** @type {Set<string>} */ (types.get(type))].join();
  for (const element of selector ? document.querySelectorAll(selector) : [])
    for (const call of callsOf(element, type)) if (call.modifiers.includes("window")) meet(call, event);
}

/**
 * What an element calls on an event of this type.
 * @param {Element} element
 * @param {string} type
 * @returns {Call[]}
 */
function callsOf(element, type) {
  const raw = element.getAttributeNames().filter((name) => name.startsWith(RAW + type));
  const marks = element.getAttribute(MARK)?.split(" ") ?? [];
  return [...marks, ...raw].flatMap((descriptor) => {
    const isRaw = descriptor.startsWith(RAW);
    const [name, ...modifiers] = descriptor.split(".");
    if (name !== (isRaw ? RAW : MARK_EVENT) + type) return [];
    const ref = element.getAttribute(descriptor);
    return [{ element, descriptor, modifiers, ...(isRaw && ref && { ref: referenceIn(ref) ?? ref }) }];
  });
}

/** @param {Call} call @param {Event} event */
function meet(call, event) {
  const { element, descriptor, modifiers } = call;
  const has = (/** @type {string} */ name) => modifiers.includes(name);
  if (client.patching || (has("self") && event.target !== element) || !fits(modifiers, event)) return;
  if (event.type === "submit" || has("prevent")) event.preventDefault();
  if (has("once")) {
    const done = spent.get(element) ?? new Set();
    if (done.has(descriptor)) return;
    spent.set(element, done.add(descriptor));
  }
  if (!confirmed(element)) return;
  const run = () => fire(call, event.target);
  const kind = modifiers.find((name) => name === "debounce" || name === "throttle");
  if (kind) delay(element, descriptor, kind === "throttle", Number(modifiers[modifiers.indexOf(kind) + 1]) || PAUSE, run);
  else run();
}

/**
 * Whether the keys are those that the modifiers name.
 * @param {string[]} modifiers
 * @param {Event & { key?: string, isComposing?: boolean }} event
 */
function fits(modifiers, event) {
  if (event.type.startsWith("key") && event.isComposing) return false;
  return modifiers.every((name) => {
    if (HELD.test(name)) return /** @type {any} */ (event)[`${name}Key`];
    if (MODIFIER.test(name) || event.key === undefined) return true;
    return (KEYS[name] ?? name) === event.key.toLowerCase();
  });
}

/** Asks the person where the author wants it. @param {Element | null} element */
export function confirmed(element) {
  const question = element?.getAttribute("live-confirm");
  return question == null || confirm(question);
}

/** @param {Call} call @param {EventTarget | null} target */
function fire({ element, descriptor, ref }, target) {
  const source = element instanceof HTMLFormElement || isControl(element) || element instanceof HTMLButtonElement ? element : target;
  const fields = fieldsOf(source);
  const controls = source instanceof HTMLFormElement ? source.elements : isControl(source) ? groupOf(source) : [];
  client.perform({
    build() {
      if (ref !== undefined) return [CALL_REF, ref, fields];
      const address = client.page.root.address(element, descriptor);
      return address && [CALL_SLOT, address, fields];
    },
    source: element,
    seen: see(controls),
  });
}

/**
 * Runs after `ms` without another call (debounce); or at once, and again after `ms` when there was another (throttle).
 * @param {Element} element
 * @param {string} descriptor
 * @param {boolean} throttle
 * @param {number} ms
 * @param {() => void} run
 */
export function delay(element, descriptor, throttle, ms, run) {
  let entry = [...delays].find((delay) => delay.element === element && delay.descriptor === descriptor);
  if (!entry) delays.add((entry = { element, descriptor, timer: 0, run: null }));
  else if (throttle) return void (entry.run = run);
  const started = entry;
  clearTimeout(started.timer);
  started.run = throttle ? null : run;
  started.timer = setTimeout(() => {
    const last = started.run;
    delays.delete(started);
    if (throttle && last) delay(element, descriptor, throttle, ms, last);
    else last?.();
  }, ms);
  if (throttle) run();
}

/** Runs what waits, so that it goes out before what comes. */
export function flush() {
  for (const entry of delays) {
    const { run } = entry;
    entry.run = null;
    run?.();
  }
}
