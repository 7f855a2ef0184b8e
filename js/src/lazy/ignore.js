// `live-ignore`: patches leave an element as the page's scripts have changed it. The value says which parts: `children`, names
// of attributes; or all, if it is empty.

import { attributes, childNodes, getAttribute, hasAttribute, removeAttribute, replaceChildren, setAttribute } from "./members.js";

const IGNORE = "live-ignore";

/**
 * The ignored parts of an element.
 * @param {Element} element as the server renders it
 * @returns {(name: string) => boolean} whether an attribute, or `children`, is ignored
 */
export function ignoredOf(element) {
  const names = getAttribute(element, IGNORE)?.split(/\s+/).filter(Boolean);
  return (name) => !!names && (!names[0] || names.includes(name));
}

/** Elements with ignored parts and an id. Collect them before the page is replaced. */
export const ignoringElements = () => [...document.querySelectorAll(`[${IGNORE}][id]`)];

/** Move the ignored parts of an element to the one that has replaced it. @param {Element} old */
export function restoreIgnored(old) {
  const next = document.getElementById(getAttribute(old, "id") ?? "");
  if (!next || next === old || !hasAttribute(next, IGNORE)) return;
  const isIgnored = ignoredOf(next);
  for (const { name } of [...attributes(next)]) if (isIgnored(name) && !hasAttribute(old, name)) removeAttribute(next, name);
  for (const { name, value } of attributes(old)) if (isIgnored(name)) setAttribute(next, name, value);
  if (isIgnored("children")) replaceChildren(next, ...childNodes(old));
}
