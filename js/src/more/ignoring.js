// `live-ignore`: what the page has made of an element stays. Its value: nothing, for all of it; `children`; names of attributes.

const IGNORE = "live-ignore";

/** @param {Element} element as the server has it @returns {(name: string) => boolean} whether that is ignored: an attribute, or `children` */
export function ignoredOf(element) {
  const names = element.getAttribute(IGNORE)?.split(/\s+/).filter(Boolean);
  return (name) => !!names && (!names[0] || names.includes(name));
}

/** Elements with an id of which something is ignored, before the page is drawn anew. */
export const ignoring = () => [...document.querySelectorAll(`[${IGNORE}][id]`)];

/** Gives what is ignored to the element that stands for one now. @param {Element} old */
export function retain(old) {
  const next = document.getElementById(old.id);
  if (!next || next === old || !next.hasAttribute(IGNORE)) return;
  const isIgnored = ignoredOf(next);
  for (const { name } of [...next.attributes]) if (isIgnored(name) && !old.hasAttribute(name)) next.removeAttribute(name);
  for (const { name, value } of old.attributes) if (isIgnored(name)) next.setAttribute(name, value);
  if (isIgnored("children")) next.replaceChildren(...old.childNodes);
}
