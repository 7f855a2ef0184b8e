// `live-ignore`: what the page has made of an element stays. Its value: nothing, for all of it; `children`; names of attributes.

import { attributes, childNodes, getAttribute, hasAttribute, removeAttribute, replaceChildren, setAttribute } from "./members.js";

const IGNORE = "live-ignore";

/** @param {Element} element as the server has it @returns {(name: string) => boolean} whether that is ignored: an attribute, or `children` */
export function ignoredOf(element) {
  const names = getAttribute(element, IGNORE)?.split(/\s+/).filter(Boolean);
  return (name) => !!names && (!names[0] || names.includes(name));
}

/** Ignored elements and those with ignored parts, by id, before the page is rendered again. */
export const ignoringElements = () => [...document.querySelectorAll(`[${IGNORE}][id]`)];

/** Moves the ignored parts of an element to the one that replaces it. @param {Element} old */
export function restoreIgnored(old) {
  const next = document.getElementById(getAttribute(old, "id") ?? "");
  if (!next || next === old || !hasAttribute(next, IGNORE)) return;
  const isIgnored = ignoredOf(next);
  for (const { name } of [...attributes(next)]) if (isIgnored(name) && !hasAttribute(old, name)) removeAttribute(next, name);
  for (const { name, value } of attributes(old)) if (isIgnored(name)) setAttribute(next, name, value);
  if (isIgnored("children")) replaceChildren(next, ...childNodes(old));
}
