// What elements call, as their attributes and marks say.

/** @import { Call } from "../interface.js" */
import { MARK } from "./wire.js";

/** Attributes that don't name the event that is called so: the rest of the client heeds them. */
const NOT_EVENTS = /^(cancel|drop|progress)$/;

/** Stands among the modifiers of such an attribute. */
export const NOT_AN_EVENT = "*";

/**
 * What an element calls.
 * @param {Element} element
 * @returns {Call[]}
 */
export function callsOf(element) {
  const names = [...element.getAttribute(MARK)?.split(" ") ?? [], ...element.getAttributeNames()];
  return names.flatMap((descriptor) => {
    const [, text] = /^(?:@|live-)(.+)/.exec(descriptor) ?? [];
    const [type, ...modifiers] = text?.split(".") ?? [];
    if (NOT_EVENTS.test(type)) modifiers.push(NOT_AN_EVENT);
    return type ? [{ element, descriptor, type, modifiers }] : [];
  });
}
