// `live-visible` and `live-hidden`: run an action when an element comes into view, or has left it. `.half` counts an element as
// visible when half of it is; `.margin.200px` already 200 pixels outside of the view. The element gets a `visible` or `hidden`
// event, which doesn't bubble, and runs its action like any other event.
//
// Infinite lists have such an element at their end or beginning. If it is still in view after a patch, and the page's height has
// changed, the list needs more items: the event is dispatched again.

/** @import { Call, Features } from "../interface.js" */
import { firstElementChild, getBoundingClientRect, isConnected, nextElementSibling, parentElement, scrollHeight } from "./members.js";
import { scrollerOf } from "./scrolling.js";

/** @type {Features["viewport"]} */
export const feature = { register, start };

/** @typedef {{ type: string, inView: boolean, height: number }} Watched */

/** @type {Map<string, IntersectionObserver>} by their options */
const observers = new Map();
/** @type {WeakMap<IntersectionObserver, WeakMap<Element, Watched[]>>} */
const watched = new WeakMap();
/** @type {Map<Element, IntersectionObserver>} elements with `live-visible` that are in view */
const seen = new Map();
/** @type {(() => void)[]} functions that correct scroll positions after a patch */
let anchors = [];

/** Observe an element. @param {Call} call */
function register({ element, type, modifiers }) {
  const observer = observerFor(modifiers);
  const elements = /** @type {WeakMap<Element, Watched[]>} */ (watched.get(observer));
  const records = elements.get(element) ?? [];
  if (records.some((record) => record.type === type)) return;
  elements.set(element, [...records, { type, inView: false, height: 0 }]);
  again(observer, element);
}

/** The observer for the options in modifiers. @param {string[]} modifiers */
function observerFor(modifiers) {
  const margin = parseInt(modifiers[modifiers.indexOf("margin") + 1]) || 0;
  const threshold = modifiers.includes("half") ? 0.5 : 0;
  const options = `${margin} ${threshold}`;
  let observer = observers.get(options);
  if (!observer) {
    // Older browsers only support a margin of the window, not of scroll containers.
    const name = "scrollMargin" in IntersectionObserver.prototype ? "scrollMargin" : "rootMargin";
    observer = new IntersectionObserver((entries, self) => entries.forEach((entry) => report(self, entry, threshold)), { threshold, [name]: `${margin}px` });
    observers.set(options, observer);
    watched.set(observer, new WeakMap());
  }
  return observer;
}

/**
 * Make the observer report whether an element is in view, also if that hasn't changed.
 * @param {IntersectionObserver} observer
 * @param {Element} element
 */
function again(observer, element) {
  observer.unobserve(element);
  observer.observe(element);
}

/**
 * Dispatch an element's events.
 * @param {IntersectionObserver} observer
 * @param {IntersectionObserverEntry} entry
 * @param {number} threshold
 */
function report(observer, { target, isIntersecting, intersectionRatio }, threshold) {
  if (!isConnected(target)) {
    seen.delete(target);
    return observer.unobserve(target);
  }
  const inView = isIntersecting && intersectionRatio >= threshold;
  for (const record of watched.get(observer)?.get(target) ?? []) {
    const { type } = record;
    const was = record.inView;
    const height = inView ? heightAround(target) : 0;
    const isNews = type === "hidden" ? was && !inView : inView && (!was || height !== record.height);
    Object.assign(record, { inView, height });
    if (type === "visible") {
      if (inView) seen.set(target, observer);
      else seen.delete(target);
    }
    if (isNews) dispatchEvent.call(target, new CustomEvent(type));
  }
}

/** The sum of the scroll heights around an element, to notice that one has changed. @param {Element} element */
function heightAround(element) {
  let height = 0;
  for (let box = parentElement(element); box; box = parentElement(box)) height += scrollHeight(box);
  return height;
}

/** After each patch, keep the items in view in place, and check whether the ends of lists are still in view. */
function start() {
  addEventListener("live:patch", (event) => {
    const { phase } = /** @type {CustomEvent} */ (event).detail;
    if (phase === "before") anchors = [...seen.keys()].flatMap(anchorAfter);
    else {
      for (const restore of anchors) restore();
      for (const [element, observer] of seen) again(observer, element);
    }
  });
}

/**
 * Keep the node after an element in place when a patch inserts something between the two (scroll anchoring). Browsers do so
 * themselves, except at the very top; Safari doesn't at all.
 * @param {Element} element an element in view
 */
function anchorAfter(element) {
  const next = nextElementSibling(element);
  const anchor = next && (firstElementChild(next) ?? next);
  if (!anchor) return [];
  const { top } = getBoundingClientRect(anchor);
  return [() => {
    if (!isConnected(anchor)) return;
    const moved = getBoundingClientRect(anchor).top - top;
    if (moved > 0) scrollerOf(anchor).scrollTop += moved;
  }];
}
