// Texts that grow, such as the answer of a language model: only what is added travels.

/** @import { RawRange } from "../interface.js" */
import { insertBefore, lastChild } from "./members.js";

/** @typedef {{ a: string, b?: number }} Addition to a text; so many units before its end */

/**
 * A text grows. What somebody has put in its place, such as a translation, stays.
 * @param {RawRange} range
 * @param {Addition} addition
 */
export function add({ closing, container }, { a, b = 0 }) {
  const last = closing ? closing.previousSibling : lastChild(container);
  if (last instanceof Text && last.length >= b) last.insertData(last.length - b, a);
  else insertBefore(container, new Text(a), closing);
  return null;
}
