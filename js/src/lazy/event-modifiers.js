// The modifiers of event attributes: keys, `self`, `outside`, `window`, `once`, `prevent`, `stop`, `capture`, `passive`,
// `debounce.300`, `throttle.300`. (`half` and `margin.200px` belong to viewport.js, `group.cards` to sorting.js.) `passive` does
// nothing here: browsers treat scroll-related listeners on the window as passive anyway.

/** @import { Call } from "../interface.js" */
import { callsOf, COMMANDS, isInLink, NOT_AN_EVENT } from "../core/calls.js";
import { MARK } from "../core/wire.js";
import { core } from "./bridge.js";
import { load, loaded } from "./loading.js";
import { contains, parentElement } from "./members.js";

const PAUSE = 250; // ms of debounce and throttle without a number
const DELAY = /^(debounce|throttle)$/;
const WORD = /^(debounce|throttle|once|window|prevent|stop|capture|passive)$/;
const AT_WINDOW = /^(window|outside)$/;

/** @type {Set<string>} selectors of elements with `window` or `outside` */
const atWindow = new Set();
/** @type {WeakMap<Element, Map<string, number>>} descriptors that have a listener on their element, and when it was added */
const listeners = new WeakMap();
/** Whether a patch is being applied. */
let patching = false;
addEventListener("live:patch", (event) => { patching = /** @type {CustomEvent} */ (event).detail.phase === "before"; }, true);
/** @type {WeakMap<Element, Set<string>>} descriptors that have run, for `once` */
const ranOnce = new WeakMap();

/** Register an event attribute with modifiers that is in the page. @param {Call} call */
export function registerCall(call) {
  const { descriptor, modifiers } = call;
  if (isAtWindow(call)) atWindow.add(`[${MARK}~="${CSS.escape(descriptor)}"],[${CSS.escape(descriptor)}]`);
  else if (modifiers.includes("stop") || modifiers.includes("capture")) listen(call);
}

/** @param {Call} call */
const isAtWindow = ({ modifiers }) => modifiers.some((name) => AT_WINDOW.test(name));

/**
 * Listen on the element itself, for `stop` and `capture`: a listener on the window would run too late.
 * @param {Call} call
 */
function listen({ element, descriptor, type, modifiers }) {
  const since = listeners.get(element) ?? new Map();
  if (since.has(descriptor)) return;
  listeners.set(element, since.set(descriptor, performance.now()));
  const capture = modifiers.includes("capture");
  addEventListener.call(element, type, (event) => {
    const call = callsOf(element).find((call) => call.descriptor === descriptor);
    if (patching || event.cancelBubble || !call || !matchesModifiers(call, event)) return;
    if (capture) runWithModifiers(call, event);
    else runBelow(element, event);
    if (modifiers.includes("stop")) event.stopPropagation();
  }, capture);
}

/**
 * Run the calls between an event's target and the element that stops it.
 * @param {Element} top the element
 * @param {Event} event
 */
function runBelow(top, event) {
  for (let node = /** @type {Element | null} */ (event.target); node && contains(top, node); node = parentElement(node)) {
    for (const call of callsOf(node)) {
      if (call.type !== event.type) continue;
      if (call.modifiers[0]) onEvent(call, event);
      else core.run(call, event);
    }
  }
}

/** Run a call whose element is on the path of an event. @param {Call} call @param {Event} event */
export function onEvent(call, event) {
  const { descriptor, element, modifiers } = call;
  if (modifiers.includes(NOT_AN_EVENT) || isAtWindow(call)) return;
  if (modifiers.includes("capture") && event.timeStamp >= (listeners.get(element)?.get(descriptor) ?? Infinity)) return;
  runWithModifiers(call, event);
}

/** Run the calls with `window` or `outside`. @param {Event} event */
export function onWindowEvent(event) {
  if (!atWindow.size) return;
  for (const element of document.querySelectorAll([...atWindow].join())) {
    for (const call of callsOf(element)) {
      if (call.type === event.type && isAtWindow(call)) runWithModifiers(call, event);
    }
  }
}

/** Run a call as its modifiers say. @param {Call} call @param {Event} event */
function runWithModifiers(call, event) {
  const { element, descriptor, modifiers } = call;
  if (!matchesModifiers(call, event)) return;
  if (modifiers.includes("prevent") || isInLink(element, event)) event.preventDefault();
  const done = ranOnce.get(element) ?? new Set();
  if (modifiers.includes("once") && done.has(descriptor)) return;
  ranOnce.set(element, done.add(descriptor));
  const kind = modifiers.findIndex((name) => DELAY.test(name));
  const run = () => (modifiers.includes(COMMANDS) ? runCommands(call, event) : core.run(call, event));
  if (kind < 0) run();
  else delay(element, descriptor, Number(modifiers[kind + 1]) || PAUSE, run, modifiers[kind] === "throttle");
}

/** Run client commands. @param {Call} call @param {Event} event */
function runCommands(call, event) {
  if (loaded.commands) loaded.commands.runCommands(call, event);
  else load("commands").then((commands) => commands?.runCommands(call, event));
}

/**
 * Whether an event has the target and the keys that the modifiers name.
 * @param {Call} call
 * @param {any} event
 */
function matchesModifiers({ element, modifiers }, event) {
  const { key } = event;
  return modifiers.every((name, i) => {
    if (name === "self") return event.target === element;
    if (name === "outside") return !contains(element, event.target);
    if (name === COMMANDS || (DELAY.test(modifiers[i - 1]) && +name)) return true;
    if (`${name}Key` in event) return event[`${name}Key`];
    return WORD.test(name) || !key || (!isComposing(event) && name === (key === " " ? "space" : key.toLowerCase()));
  });
}

/**
 * Whether an input method handles a key. In Safari, the last one comes after the end of the composition, with key code
 * 229.
 * @param {KeyboardEvent} event
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

// Debounced and throttled calls. They run before any later op is sent, to keep the order.

/** @typedef {{ element: Element, name: string, timer: number, run: (() => void) | null }} Delay */

/** @type {Set<Delay>} oldest first */
const delays = new Set();

/**
 * Debounce: run after `ms` without another call. Throttle: run at once, and again after `ms` if there were further calls.
 * @param {Element} element
 * @param {string} name identifies the delay among those of the element
 * @param {number} ms milliseconds
 * @param {() => void} run
 * @param {boolean} [throttle]
 */
export function delay(element, name, ms, run, throttle) {
  let entry = [...delays].find((delay) => delay.element === element && delay.name === name);
  if (!entry) delays.add((entry = { element, name, timer: 0, run: null }));
  else if (throttle) {
    entry.run = run;
    return;
  }
  const { timer } = entry;
  const started = entry;
  clearTimeout(timer);
  started.run = throttle ? null : run;
  started.timer = setTimeout(() => {
    delays.delete(started);
    if (throttle && started.run) delay(element, name, ms, started.run, true);
    else started.run?.();
  }, ms);
  if (throttle) run();
}

/** Run all delayed calls now. */
export function flushDelays() {
  for (const entry of delays) {
    const { run } = entry;
    entry.run = null;
    run?.();
  }
}
