// `live-optimistic`: markup that shows at once what an op is going to do. An element loses its `hidden`; of a template a copy
// stands before it. What has `live-field="title"` in it gets what was submitted under that name. Nothing of it is shown while
// the connection is in trouble: nobody knows what will become of it then.

import { core } from "./core.js";
import { fill } from "./saying.js";

/** @typedef {import("../connection.js").Request} Request */

/** @type {WeakMap<Request, Map<Element, ChildNode[]>>} copies of templates, which stay the same while patches come */
const copies = new WeakMap();

export function watchTrouble() {
  new MutationObserver(core.lay).observe(document.documentElement, { attributeFilter: ["data-live"] });
}

/**
 * @param {Request} op
 * @param {Element} element with `live-optimistic`
 * @param {any[]} fields that the op submits: name, value ...
 */
export function anticipate(op, element, fields) {
  if (/connecting|closed/.test(document.documentElement.dataset.live ?? "")) return;
  if (element instanceof HTMLTemplateElement) {
    const nodes = copyOf(op, element, fields);
    element.before(...nodes);
    core.onLift(() => nodes.forEach((node) => node.remove()));
  } else {
    for (const [part, text] of filledParts(element, fields)) fill(part, text);
    core.change(element, "hidden", null);
    core.change(element, "data-pending", "");
  }
}

/** @param {Request} op @param {HTMLTemplateElement} template @param {any[]} fields */
function copyOf(op, template, fields) {
  /** @type {Map<Element, ChildNode[]>} */
  const known = copies.get(op) ?? new Map();
  copies.set(op, known);
  let nodes = known.get(template);
  if (!nodes) {
    const copy = /** @type {DocumentFragment} */ (document.importNode(template.content, true));
    for (const [part, text] of filledParts(copy, fields)) part.textContent = text;
    for (const child of copy.children) child.setAttribute("data-pending", "");
    known.set(template, (nodes = [...copy.childNodes]));
  }
  return nodes;
}

/** @param {ParentNode} root @param {any[]} fields @returns {[Element, string][]} elements with their texts */
function filledParts(root, fields) {
  const parts = [...root.querySelectorAll("[live-field]")];
  if (root instanceof Element && root.hasAttribute("live-field")) parts.push(root);
  return parts.map((part) => {
    const name = part.getAttribute("live-field");
    const values = fields.filter((_, i) => i % 2 && fields[i - 1] === name);
    return [part, values.map((value) => value.name ?? value).join(", ")];
  });
}
