// The places in a fragment that can change. `set` takes a value, as in a new fragment; `patch` a change. Lists have a file of
// their own.

import { guard, isControl, setAttribute, updateAttribute } from "./values.js";

/** @typedef {import("./fragments.js").Makers} Makers */
/** @typedef {import("./fragments.js").Held} Held */
/** @typedef {import("./fragments.js").Slot} Slot */
/** @typedef {import("./markers.js").Place} Place */

/** @type {WeakMap<Element, Map<string, string | null>>} dynamic attributes as they were written last */
const written = new WeakMap();

/**
 * One attribute as a whole.
 * @param {Element} element
 * @param {string} name
 * @returns {Slot}
 */
export const attributeSlot = (element, name) => ({
  set: (value) => setAttribute(element, name, value),
  patch: (value) => updateAttribute(element, name, value),
});

/**
 * The dynamic names in a start tag: name, value, name, value ... of those that are there; null for one that is gone.
 * @param {Element} element
 * @returns {Slot}
 */
export function tagSlot(element) {
  /** @param {(string | null)[]} pairs */
  const set = (pairs, write = setAttribute) => {
    /** @type {Map<string, string | null>} */
    const values = new Map();
    for (const name of written.get(element)?.keys() ?? []) values.set(name, null);
    for (let i = 0; i < pairs.length; i += 2) values.set(/** @type {string} */ (pairs[i]), /** @type {string | null} */ (pairs[i + 1]));
    values.forEach((value, name) => write(element, name, value));
    written.set(element, values);
  };
  return { set, patch: (pairs) => set(pairs, updateAttribute) };
}

/**
 * Text, raw HTML or a fragment, among siblings or as an element's whole content.
 * @param {Place} place
 * @param {Makers} makers
 * @returns {Slot}
 */
export function childSlot(place, makers) {
  /** @type {Slot[] | null} of the fragment that is there, once it was asked for */
  let slots;
  const inside = () => (slots ??= makers.adopt(place.first, place.close));
  /** @param {string | { h: string } | any[]} value */
  const set = (value) => {
    const { first, parent } = place;
    slots = null;
    if (typeof value !== "string") place.fill(Array.isArray(value) ? makers.create(value) : makers.raw(value.h, parent));
    else if (value && first instanceof Text && first.nextSibling === place.close) splice(first, value);
    else place.fill(value);
  };
  return {
    set,
    patch(change) {
      const { parent } = place;
      if (Array.isArray(change)) makers.patch(inside(), change);
      else if (isControl(parent)) guard(parent, () => set(change)); // a text area
      else set(change.f ?? change);
    },
    holding: (node) => place.holding(node) && [[], inside()],
  };
}

/**
 * Writes only the window that differs, so that a selection around it stays.
 * @param {Text} text
 * @param {string} value
 */
function splice(text, value) {
  const { data, length } = text;
  const shorter = Math.min(length, value.length);
  let start = 0;
  let end = 0;
  while (start < shorter && data[start] === value[start]) start++;
  while (end < shorter - start && data[length - 1 - end] === value[value.length - 1 - end]) end++;
  if (data !== value) text.replaceData(start, length - end - start, value.slice(start, value.length - end));
}
