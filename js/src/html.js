// The client's one sink for HTML. Whatever is parsed here stays inert: scripts don't run.

/** @type {{ createHTML(html: string): any }} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("liveactions", { createHTML: (/** @type {string} */ s) => s })
  ?? { createHTML: (html) => html };

/** @param {string} html @returns {any} what a policy of trusted types lets through */
export const trusted = (html) => policy.createHTML(html);

/**
 * What HTML looks like as content of an element called `root` (svg), or of none.
 * @param {string} html
 * @param {string} [root]
 * @returns {DocumentFragment}
 */
export function parse(html, root) {
  // Within an element of the page: a template by itself is parsed as if scripts were off, with elements in `noscript`.
  const holder = document.createElement("p");
  holder.innerHTML = trusted(`<template>${root ? `<${root}>${html}</${root}>` : html}</template>`);
  const { content } = /** @type {HTMLTemplateElement} */ (holder.firstChild);
  if (root) content.replaceChildren(.../** @type {Node} */ (content.firstChild).childNodes);
  return content;
}
