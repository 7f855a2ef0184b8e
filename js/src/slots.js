// The places in a fragment that can change. `set` takes a value, as in a new fragment; `patch` a change. Lists have a file of
// their own.

import { adopt, create, patch } from "./fragments.js";
import { more } from "./more.js";
import { setAttribute, updateAttribute, within } from "./values.js";

/** @typedef {import("./fragments.js").Held} Held */
/** @typedef {import("./fragments.js").Slot} Slot */
/** @typedef {import("./markers.js").Place} Place */

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
  /** @type {Map<string, string | null>} as they were written last */
  let written = new Map();
  /** @param {(string | null)[]} pairs */
  const set = (pairs, write = setAttribute) => {
    const values = new Map([...written.keys()].map((name) => [name, /** @type {string | null} */ (null)]));
    for (let i = 0; i < pairs.length; i += 2) values.set(/** @type {string} */ (pairs[i]), /** @type {string | null} */ (pairs[i + 1]));
    values.forEach((value, name) => write(element, name, value));
    written = values;
  };
  return { set, patch: (pairs) => set(pairs, updateAttribute) };
}

/**
 * Text, raw HTML or a fragment, among siblings or as an element's whole content.
 * @param {Place} place
 * @returns {Slot}
 */
export function childSlot(place) {
  /** @type {Slot[] | null} of the fragment that is there, once it was asked for */
  let slots;
  const inside = () => (slots ??= adopt(place.first, place.close));
  /** @type {import("./more/raw.js").Base | null | undefined} what the server gave as HTML and is there */
  let base;
  /** @param {any} value text, a fragment, or a change of raw HTML */
  const set = (value) => {
    const { first } = place;
    const known = base;
    slots = base = null;
    if (Array.isArray(value)) place.fill(create(value));
    else if (typeof value != "string") base = more?.setRaw(place, value, known);
    else if (value && first instanceof Text && first.nextSibling === place.close) splice(first, value);
    else place.fill(value);
  };
  return {
    set,
    patch(change) {
      if (Array.isArray(change)) patch(inside(), change);
      else within(place.parent, () => set(change.f ?? change));
    },
    holding: (node) => place.holding(node) && [[], inside()],
  };
}

/**
 * Writes only the window that differs, so that a selection around it stays.
 * @param {Text} text
 * @param {string} value
 */
export function splice(text, value) {
  const { data } = text;
  let start = 0, end = 0;
  while (data[start] && data[start] === value[start]) start++;
  while (data.at(end - 1) === value.at(end - 1) && Math.min(data.length, value.length) + end > start) end--;
  if (data !== value) text.replaceData(start, data.length + end - start, value.slice(start, value.length + end));
}
