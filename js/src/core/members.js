// Members of nodes as functions, safe from DOM clobbering: a field named "getAttribute" hides `form.getAttribute`. Use these
// functions wherever a node may be a form.

/** @import { Member, MemberName } from "../interface.js" */

/**
 * Make functions that read a member from a node's prototype, and call it if it is a method.
 * @template {MemberName[]} Names
 * @param {Names} names
 * @returns {{ [I in keyof Names]: Member<Names[I]> }}
 */
export const members = (...names) => /** @type {any} */ (names.map((name) => (/** @type {any} */ node, /** @type {any[]} */ ...args) => {
  const value = Reflect.get(Object.getPrototypeOf(node), name, node);
  return value?.call ? value.call(node, ...args) : value;
}));

export const [closest, contains, elements, firstChild, getAttribute, getAttributeNames, insertBefore, nextSibling, previousSibling, remove, removeAttribute, replaceChildren, setAttribute, style] = members(
  "closest", "contains", "elements", "firstChild", "getAttribute", "getAttributeNames", "insertBefore", "nextSibling", "previousSibling", "remove", "removeAttribute", "replaceChildren", "setAttribute", "style",
);
