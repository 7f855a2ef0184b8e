// Members of nodes as functions. A form's fields hide the members of their names: `form.getAttribute` may be an input. So what
// may be a form is only read by these.

/** @import { Member, MemberName } from "../interface.js" */

/** @template {MemberName[]} Names @param {Names} names @returns {{ [I in keyof Names]: Member<Names[I]> }} */
export const members = (...names) => /** @type {any} */ (names.map((name) => (/** @type {any} */ node, /** @type {any[]} */ ...args) => {
  const value = Reflect.get(Object.getPrototypeOf(node), name, node);
  return value?.call ? value.call(node, ...args) : value;
}));

export const [closest, contains, elements, firstChild, getAttribute, getAttributeNames, insertBefore, nextSibling, previousSibling, remove, removeAttribute, setAttribute, style] = members(
  "closest", "contains", "elements", "firstChild", "getAttribute", "getAttributeNames", "insertBefore", "nextSibling", "previousSibling", "remove", "removeAttribute", "setAttribute", "style",
);
