// Appends to texts that grow, such as the output of a language model: the server sends only what was added.

/** @import { RawRange } from "../interface.js" */
import { insertBefore, lastChild } from "./members.js";

/** @typedef {{ a: string, b?: number }} Addition text to insert, `b` UTF-16 units before the end */

/**
 * Add to the text in a range. If something else is there, such as a translation by the browser, it is kept.
 * @param {RawRange} range
 * @param {Addition} addition
 */
export function add({ closing, container }, { a, b = 0 }) {
  const last = closing ? closing.previousSibling : lastChild(container);
  if (last instanceof Text && last.length >= b) last.insertData(last.length - b, a);
  else insertBefore(container, new Text(a), closing);
  return null;
}
