// Parses HTML as the browser would parse it as part of the page, at a given place, but in an inert document: no scripts run,
// nothing is loaded, no custom elements are upgraded. The results must equal the page's own nodes, as they are compared.

import { core } from "./bridge.js";
import { cloneNode, closest, firstChild, parentElement, querySelectorAll, remove } from "./members.js";

/**
 * Parsers for strings work as if scripts were disabled, and parse the content of `noscript` as elements; in the page it is
 * text. So `noscript` is replaced by this element, whose content is always text, and put back after parsing.
 */
const STAND_IN = "noframes";
const NOSCRIPT = "data-noscript";
/** Matches comments and elements that contain no tags, which are left as they are; and `noscript` with its content. */
const TAGS = /<!--.*?-->|<(script|style|textarea|title|xmp|iframe)\b.*?(?:<\/\1|$)|<noscript(?=[\s/>])(.*?)(<\/noscript|$)/gis;

/**
 * Matches nested buttons. Chromium's fast parser for simple strings handles them differently; it isn't used for HTML with
 * comments.
 */
const BUTTON_IN_BUTTON = /<button(?:(?!<\/button).)*<button/is;

/** @type {Document} */
let inert;
/** An inert document in the page's mode: in quirks mode, a paragraph may contain a table. */
const inertDocument = () =>
  (inert ??= new DOMParser().parseFromString(core.trusted(document.compatMode === "CSS1Compat" ? "<!doctype html>" : ""), "text/html"));

/** Replace `noscript` elements by stand-ins. @param {string} html */
const withStandIns = (html) =>
  html.replace(TAGS, (found, _, content, end) => (content === undefined ? found : `<${STAND_IN} ${NOSCRIPT}${content}${end && `</${STAND_IN}`}`));

/** Put `noscript` elements back. @param {ParentNode} root */
function withoutStandIns(root) {
  for (const element of querySelectorAll(root, `[${NOSCRIPT}]`)) {
    const noscript = element.ownerDocument.createElementNS(element.namespaceURI, "noscript");
    element.removeAttribute(NOSCRIPT);
    for (const attribute of [...element.attributes]) noscript.setAttributeNode(element.removeAttributeNode(attribute));
    noscript.append(...element.childNodes);
    element.replaceWith(noscript);
  }
  for (const template of querySelectorAll(root, "template")) if (contentOf(template) !== template) withoutStandIns(contentOf(template));
}

/** Parse a whole page. @param {string} html */
export function parseDocument(html) {
  const parsed = new DOMParser().parseFromString(core.trusted(withStandIns(html)), "text/html");
  withoutStandIns(parsed);
  return parsed;
}

/** Copy a node of the page into the inert document. @param {Node} node */
export const copyOf = (node) => inertDocument().importNode(node, true);

/**
 * Create an empty element in which HTML is parsed as in `parent`.
 * @param {Node} parent a node of the page; a fragment is the content of a template
 * @returns {Element}
 */
export function contextOf(parent) {
  const document = inertDocument();
  if (!(parent instanceof Element)) return document.createElement("template");
  const context = document.importNode(parent, false);
  const outer = parentElement(parent);
  const around = outer && closest(outer, "select,form");
  if (around) document.importNode(around, false).append(context);
  return context;
}

/**
 * Parse HTML as the content of an element.
 * @param {string} html
 * @param {Element} context an element from `contextOf`; it isn't changed
 * @returns {Element} a copy of it with this content
 */
export function parseIn(html, context) {
  const root = /** @type {Element} */ (cloneNode(context, false));
  const scripted = /<noscript/i.test(html);
  const source = scripted ? withStandIns(html) : html;
  const tag = root.localName;
  if (contentOf(root) !== root) fill(root, "<template>", source);
  else if (closest(context, "select")) fill(root, tag === "select" ? "<select>" : `<select><${tag}>`, source);
  else {
    context.parentNode?.append(root); // in a form, as nested forms are dropped
    const isSpecial = BUTTON_IN_BUTTON.test(source);
    root.innerHTML = core.trusted(isSpecial ? `<!---->${source}` : source);
    if (isSpecial) remove(/** @type {ChildNode} */ (firstChild(root)));
    remove(root);
  }
  if (scripted) withoutStandIns(contentOf(root));
  return root;
}

/**
 * Parse HTML after the start tags of its parents, for elements whose content depends on these.
 * @param {Element} root
 * @param {string} tags
 * @param {string} html
 */
function fill(root, tags, html) {
  const holder = inertDocument().createElement("div");
  holder.innerHTML = core.trusted(tags + html);
  contentOf(root).append(...contentOf(holder.querySelector(root.localName)).childNodes);
}

/**
 * The node that has the children: the content of a template, otherwise the node itself.
 * @param {any} node
 * @returns {ParentNode & Node}
 */
export const contentOf = (node) => (node.content instanceof DocumentFragment ? node.content : node);

// Checksums.

const PRIME = 65521;
const SPAN = 5552; // bytes that can be added before the sums have to be reduced

/** Compute the Adler-32 checksum of a text's UTF-8, as zlib does. @param {string} text */
export function adler32(text) {
  const bytes = new TextEncoder().encode(text);
  let low = 1, high = 0;
  for (let from = 0; from < bytes.length; from += SPAN) {
    const to = Math.min(from + SPAN, bytes.length);
    for (let i = from; i < to; i++) high += low += bytes[i];
    low %= PRIME;
    high %= PRIME;
  }
  return high * 65536 + low;
}
