// The client's one sink for HTML. Whatever is parsed here stays inert: scripts don't run.

/** @type {{ createHTML(html: string): any }} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("liveactions", { createHTML: (/** @type {string} */ s) => s })
  ?? { createHTML: (html) => html };

/**
 * What HTML looks like as content of an element called `root` (svg), or of none.
 * @param {string} html
 * @param {string} [root]
 * @returns {DocumentFragment}
 */
export function parse(html, root) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(root ? `<${root}>${html}</${root}>` : html);
  const { content } = template;
  if (root) content.replaceChildren(.../** @type {Node} */ (content.firstChild).childNodes);
  return content;
}

/** @param {string} html @returns {any} what a policy of trusted types lets through */
export const trusted = (html) => policy.createHTML(html);

/** The root that HTML needs so that it parses as content of `parent`. @param {Node} parent */
export function rootFor(parent) {
  return parent instanceof SVGElement && !/^(foreignObject|desc|title)$/.test(parent.localName) ? "svg" : undefined;
}
