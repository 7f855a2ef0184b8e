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
