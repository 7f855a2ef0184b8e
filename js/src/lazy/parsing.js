// HTML as a page of this browser would have it at a certain place, in a document that runs, loads and upgrades nothing.

import { core } from "./bridge.js";
import { cloneNode, closest, firstChild, parentElement, querySelectorAll, remove } from "./members.js";

/** Parsers of strings run no scripts, and so read elements in `noscript`. What is in this is text for them too. */
const STAND_IN = "noframes";
const NOSCRIPT = "data-noscript";
/** What holds no tags, and is left as it is; the other elements, with what is in them. */
const TAGS = /<!--.*?-->|<(script|style|textarea|title|xmp|iframe)\b.*?(?:<\/\1|$)|<noscript(?=[\s/>])(.*?)(<\/noscript|$)/gis;

/** What the parser that Chromium has for simple strings nests, other than that for pages. It leaves comments to the other one. */
const BUTTON_IN_BUTTON = /<button(?:(?!<\/button).)*<button/is;

/** @type {Document} */
let inert;
/** Of the page's own mode: without a doctype a paragraph may hold a table. */
const inertDocument = () =>
  (inert ??= new DOMParser().parseFromString(core.trusted(document.compatMode === "CSS1Compat" ? "<!doctype html>" : ""), "text/html"));

/** @param {string} html */
const withStandIns = (html) =>
  html.replace(TAGS, (found, _, content, end) => (content === undefined ? found : `<${STAND_IN} ${NOSCRIPT}${content}${end && `</${STAND_IN}`}`));

/** @param {ParentNode} root */
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
  const outer = parentElement(parent);
  const around = outer && closest(outer, "select,form");
  if (around) document.importNode(around, false).append(context);
  return context;
}

/**
 * @param {string} html
 * @param {Element} context stays as it is
 * @returns {Element} another such with this content
 */
export function parseIn(html, context) {
  const root = /** @type {Element} */ (cloneNode(context, false));
  const scripted = /<noscript/i.test(html);
  const source = scripted ? withStandIns(html) : html;
  const tag = root.localName;
  if (contentOf(root) !== root) fill(root, "<template>", source);
  else if (closest(context, "select")) fill(root, tag === "select" ? "<select>" : `<select><${tag}>`, source);
  else {
    context.parentNode?.append(root); // in a form no other one begins
    const isSpecial = BUTTON_IN_BUTTON.test(source);
    root.innerHTML = core.trusted(isSpecial ? `<!---->${source}` : source);
    if (isSpecial) remove(/** @type {ChildNode} */ (firstChild(root)));
    remove(root);
  }
  if (scripted) withoutStandIns(contentOf(root));
  return root;
}

/** What may stand in an element can depend on its being open. @param {Element} root @param {string} tags that open it @param {string} html */
function fill(root, tags, html) {
  const holder = inertDocument().createElement("div");
  holder.innerHTML = core.trusted(tags + html);
  contentOf(root).append(...contentOf(holder.querySelector(root.localName)).childNodes);
}

/** Where the children of a node are. @param {any} node @returns {ParentNode & Node} */
export const contentOf = (node) => (node.content instanceof DocumentFragment ? node.content : node);

// Adler-32, as zlib has it.

const PRIME = 65521;
const SPAN = 5552; // bytes after which the sums may get too large

/** @param {string} text whose UTF-8 counts */
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
