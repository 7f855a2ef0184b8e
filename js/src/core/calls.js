// Reads from an element's attributes and marks what it calls, and on which events.

/** @import { Call } from "../interface.js" */
import { closest, getAttribute, getAttributeNames } from "./members.js";
import { MARK } from "./wire.js";

/**
 * Attributes whose names look like event types but aren't: `live-drop` isn't about the `drop` event. The lazy half handles
 * them.
 */
const NOT_EVENTS = /^(cancel|drop|progress)$/;

/** The modifier that `callsOf` adds to attributes that match `NOT_EVENTS`. */
export const NOT_AN_EVENT = "*";
/** The modifier that `callsOf` adds to attributes that hold client commands, which the lazy half runs. */
export const COMMANDS = "[";

/** Whether elements with this attribute need the watcher (`watchMarkup`). @param {string} name */
export const isWatched = (name) => /^(live-|data-pending-for$)/.test(name);

/**
 * Whether a click has to be kept from following a link. A click on a button in a link belongs to the button, but some browsers
 * follow the link as well. False for buttons that submit a form, as that would prevent the submit.
 * @param {Element} element the element with the call
 * @param {Event} event
 */
export function isInLink(element, { type }) {
  const button = type === "click" && /** @type {HTMLButtonElement | null} */ (closest(element, "a button"));
  return button && (button.type === "button" || !button.form);
}

/** The marks of the slots that an element owns. @param {Element} element */
export const marksOf = (element) => getAttribute(element, MARK)?.split(" ") ?? [];

/**
 * List an element's calls: its event marks and `live-*` attributes.
 * @param {Element} element
 * @returns {Call[]}
 */
export function callsOf(element) {
  const names = new Set([...marksOf(element), ...getAttributeNames(element)]);
  return [...names].flatMap((descriptor) => {
    const [other, type, ...modifiers] = descriptor.split(/^@|^live-|\./);
    if (NOT_EVENTS.test(type)) modifiers.push(NOT_AN_EVENT);
    if (getAttribute(element, descriptor)?.[0] === "[") modifiers.push(COMMANDS);
    return !other && type ? [{ element, descriptor, type, modifiers }] : [];
  });
}
