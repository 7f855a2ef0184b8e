// The client's one sink for HTML. Whatever is parsed here stays inert: scripts don't run.

/** @type {{ createHTML(html: string): any }} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("liveactions", { createHTML: (/** @type {string} */ s) => s })
  ?? { createHTML: (html) => html };

const XHTML = "http://www.w3.org/1999/xhtml";
// Where HTML begins again inside foreign content.
const INTEGRATION = /^(foreignObject|desc|title|annotation-xml)$/;

/**
 * What HTML looks like as content of an element called `root` ("svg", "math"), or of none.
 * @param {string} html
 * @param {string} [root]
 * @returns {DocumentFragment}
 */
export function parse(html, root) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(root ? `<${root}>${html}</${root}>` : html);
  if (root) template.content.replaceChildren(.../** @type {Node} */ (template.content.firstChild).childNodes);
  return template.content;
}

/** @param {string} html a whole document */
export const parseDocument = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html");

/**
 * The root that HTML needs so that it parses as content of `parent`.
 * @param {Node} parent
 */
export function rootFor(parent) {
  const { namespaceURI, localName } = /** @type {Element} */ (parent);
  if (!namespaceURI || namespaceURI === XHTML || INTEGRATION.test(localName)) return undefined;
  return namespaceURI.endsWith("svg") ? "svg" : "math";
}
