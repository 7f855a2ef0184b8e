// HTML as a page of this browser would have it at a certain place, in a document that runs, loads and upgrades nothing.

import { core } from "./core.js";

/** Parsers of strings run no scripts, and so read elements in `noscript`. What is in this is text for them too. */
const STAND_IN = "noframes";
const NOSCRIPT = "data-noscript";
/** What holds no tags, and is left as it is; the tags. */
const TAGS = /<!--.*?-->|<(script|style|textarea|title|xmp|iframe)\b.*?<\/\1|<(\/?)noscript(?=[\s/>])/gis;

/** @type {Document} */
let inert;
/** Of the page's own mode: without a doctype a paragraph may hold a table. */
const inertDocument = () =>
  (inert ??= new DOMParser().parseFromString(core.trusted(document.compatMode === "CSS1Compat" ? "<!doctype html>" : ""), "text/html"));

/** @param {string} html */
const withStandIns = (html) =>
  html.replace(TAGS, (found, _, end) => (end === undefined ? found : end ? `</${STAND_IN}` : `<${STAND_IN} ${NOSCRIPT}`));

/** @param {ParentNode} root */
function withoutStandIns(root) {
  for (const element of root.querySelectorAll(`[${NOSCRIPT}]`)) {
    const noscript = element.ownerDocument.createElementNS(element.namespaceURI, "noscript");
    element.removeAttribute(NOSCRIPT);
    for (const attribute of [...element.attributes]) noscript.setAttributeNode(element.removeAttributeNode(attribute));
    noscript.append(...element.childNodes);
    element.replaceWith(noscript);
  }
  for (const template of root.querySelectorAll("template")) withoutStandIns(template.content);
}

/** @param {string} html */
export function parseDocument(html) {
  const parsed = new DOMParser().parseFromString(core.trusted(withStandIns(html)), "text/html");
  withoutStandIns(parsed);
  return parsed;
}

/** @param {Node} node of the page */
export const copyOf = (node) => inertDocument().importNode(node, true);

/**
 * An empty element in which HTML parses as it does in `parent`.
 * @param {Node} parent of the page; a fragment is the content of a template
 * @returns {Element}
 */
export function contextOf(parent) {
  const document = inertDocument();
  if (!(parent instanceof Element)) return document.createElement("template");
  const context = document.importNode(parent, false);
  if (parent.closest("form")) document.createElement("form").append(context); // in which no other one begins
  return context;
}

/**
 * @param {string} html
 * @param {Element} context stays as it is
 * @returns {Element} another such with this content
 */
export function parseIn(html, context) {
  const root = /** @type {Element} */ (context.cloneNode(false));
  context.parentNode?.append(root);
  const scripted = /<noscript/i.test(html);
  root.innerHTML = core.trusted(scripted ? withStandIns(html) : html);
  if (scripted) withoutStandIns(contentOf(root));
  root.remove();
  return root;
}

/** Where the children of a node are. @param {any} node @returns {ParentNode & Node} */
export const contentOf = (node) => (node.content instanceof DocumentFragment ? node.content : node);
