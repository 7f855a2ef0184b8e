// What elements call, as their attributes and marks say.

/** @import { Call } from "../interface.js" */
import { closest, getAttribute, getAttributeNames } from "./members.js";
import { MARK } from "./wire.js";

/** Attributes that don't name the event that is called so: the rest of the client heeds them. */
const NOT_EVENTS = /^(cancel|drop|progress)$/;

/** Stands among the modifiers of such an attribute. */
export const NOT_AN_EVENT = "*";
/** Stands among the modifiers where the value is client commands, which only the rest of the client knows. */
export const COMMANDS = "[";

/** Whether an attribute is one whose element has to be scanned. @param {string} name */
export const isWatched = (name) => /^(live-|data-pending-for$)/.test(name);

/**
 * Whether a click calls a button in a link: of nested controls it is the innermost one's, and some browsers would follow the
 * link all the same. A button that submits its form isn't kept from that.
 * @param {Element} element that is called
 * @param {Event} event
 */
export function isInLink(element, { type }) {
  const button = type === "click" && /** @type {HTMLButtonElement | null} */ (closest(element, "a button"));
  return button && (button.type === "button" || !button.form);
}

/** The slots that an element owns. @param {Element} element */
export const marksOf = (element) => getAttribute(element, MARK)?.split(" ") ?? [];

/**
 * What an element calls.
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
