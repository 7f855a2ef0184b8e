// What elements call, as their attributes and marks say.

/** @import { Call } from "../interface.js" */
import { getAttribute, getAttributeNames } from "./members.js";
import { MARK } from "./wire.js";

/** Attributes that don't name the event that is called so: the rest of the client heeds them. */
const NOT_EVENTS = /^(cancel|drop|progress)$/;

/** Stands among the modifiers of such an attribute. */
export const NOT_AN_EVENT = "*";
/** Stands among the modifiers where the value is client commands, which only the rest of the client knows. */
export const COMMANDS = "[";

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
