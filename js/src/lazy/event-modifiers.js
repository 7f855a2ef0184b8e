// What follows the name in an event attribute: keys, `self`, `once`, `window`, `prevent`, `debounce.300`, `throttle.300`.

/** @import { Call } from "../interface.js" */
import { MARK } from "../core/wire.js";
import { core } from "./bridge.js";


const PAUSE = 250; // ms of debounce and throttle without a number
const WORD = /^(debounce|throttle|once|self|window|prevent|\d+)$/;

/** @type {Set<string>} selectors of elements that listen at the window */
const atWindow = new Set();
/** @type {WeakMap<Element, Set<string>>} descriptors that were to run once, and did */
const ranOnce = new WeakMap();

/** There is such an attribute in the page. @param {Call} call */
export function registerCall({ descriptor, modifiers }) {
  if (modifiers.includes("window")) atWindow.add(`[${MARK}~="${CSS.escape(descriptor)}"],[${CSS.escape(descriptor)}]`);
}

/** The event has reached the element. @param {Call} call @param {Event} event */
export function onEvent(call, event) {
  if (!call.modifiers.includes("window") && !call.modifiers.includes("*")) runWithModifiers(call, event);
}

/** The event has reached the window. @param {Event} event */
export function onWindowEvent(event) {
  if (!atWindow.size) return;
  for (const element of document.querySelectorAll([...atWindow].join())) {
    for (const call of core.callsOf(element)) {
      if (call.type === event.type && call.modifiers.includes("window")) runWithModifiers(call, event);
    }
  }
}

/** @param {Call} call @param {Event} event */
function runWithModifiers(call, event) {
  const { element, descriptor, modifiers } = call;
  if (!matchesModifiers(call, event)) return;
  if (modifiers.includes("prevent")) event.preventDefault();
  const done = ranOnce.get(element) ?? new Set();
  if (modifiers.includes("once") && done.has(descriptor)) return;
  ranOnce.set(element, done.add(descriptor));
  const kind = modifiers.findIndex((name) => name === "debounce" || name === "throttle");
  const run = () => core.run(call, event);
  if (kind < 0) run();
  else delay(element, descriptor, Number(modifiers[kind + 1]) || PAUSE, run, modifiers[kind] === "throttle");
}

/**
 * Whether target and keys are those that the modifiers name.
 * @param {Call} call
 * @param {any} event
 */
function matchesModifiers({ element, modifiers }, event) {
  const { key } = event;
  return modifiers.every((name) => {
    if (name === "self") return event.target === element;
    if (`${name}Key` in event) return event[`${name}Key`];
    return WORD.test(name) || !key || (!event.isComposing && name === (key === " " ? "space" : key.toLowerCase()));
  });
}

// Debounced and throttled calls. What waits goes out before any later op, so that the order is kept.

/** @typedef {{ element: Element, name: string, timer: number, run: (() => void) | null }} Delay */

/** @type {Set<Delay>} in the order in which they began */
const delays = new Set();

/**
 * Runs after `ms` without another call (debounce); or at once, and after `ms` when there were others (throttle).
 * @param {Element} element
 * @param {string} name one element has one delay of a name
 * @param {number} ms
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

/** Runs what waits. */
export function flush() {
  for (const entry of delays) {
    const { run } = entry;
    entry.run = null;
    run?.();
  }
}
