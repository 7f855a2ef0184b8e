// `live-visible` and `live-hidden`: an element comes into view, or has left it. `.half`: half of it is seen; `.margin.200px`: it is
// still so far outside. Each is an event of the element, which doesn't bubble; what it calls is called as by any other event.
//
// A list that grows at its end or its beginning has such an element there. If that is still in view after a patch and the page
// has another height, the list is still too short: it comes into view again.

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
/** @type {Map<Element, IntersectionObserver>} elements in view that are called when they come into view */
const seen = new Map();
/** @type {(() => void)[]} what puts scroll positions right after a patch */
let anchors = [];

/** There is such an attribute in the page. @param {Call} call */
function register({ element, type, modifiers }) {
  const observer = observerFor(modifiers);
  const elements = /** @type {WeakMap<Element, Watched[]>} */ (watched.get(observer));
  const records = elements.get(element) ?? [];
  if (records.some((record) => record.type === type)) return;
  elements.set(element, [...records, { type, inView: false, height: 0 }]);
  again(observer, element);
}

/** @param {string[]} modifiers */
function observerFor(modifiers) {
  const margin = parseInt(modifiers[modifiers.indexOf("margin") + 1]) || 0;
  const threshold = modifiers.includes("half") ? 0.5 : 0;
  const options = `${margin} ${threshold}`;
  let observer = observers.get(options);
  if (!observer) {
    // Older browsers know a margin of the window only, not of boxes that scroll.
    const name = "scrollMargin" in IntersectionObserver.prototype ? "scrollMargin" : "rootMargin";
    observer = new IntersectionObserver((entries, self) => entries.forEach((entry) => report(self, entry, threshold)), { threshold, [name]: `${margin}px` });
    observers.set(options, observer);
    watched.set(observer, new WeakMap());
  }
  return observer;
}

/** Have the observer say where the element is. @param {IntersectionObserver} observer @param {Element} element */
function again(observer, element) {
  observer.unobserve(element);
  observer.observe(element);
}

/** @param {IntersectionObserver} observer @param {IntersectionObserverEntry} entry @param {number} threshold */
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

/** The height of all that scrolls around an element. @param {Element} element */
function heightAround(element) {
  let height = 0;
  for (let box = parentElement(element); box; box = parentElement(box)) height += scrollHeight(box);
  return height;
}

/** A list that has grown: is its end still in view? What is read in it stays where it is. */
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
 * What follows an element in view stays where it is when something is inserted between the two. Browsers do so themselves,
 * but not at the very top, and Safari nowhere.
 * @param {Element} element
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
