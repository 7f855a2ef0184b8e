// Compares trees, including the content of templates.

import { firstElementChild, isEqualNode, querySelectorAll } from "./members.js";
import { contentOf } from "./parsing.js";

/**
 * Return whether two trees are equal, the contents of templates included, which `isEqualNode` ignores.
 * @param {Node} a
 * @param {Node} b
 * @returns {boolean}
 */
export function isEqual(a, b) {
  if (!isEqualNode(a, b)) return false;
  const others = templatesIn(b);
  return templatesIn(a).every((template, i) => isEqual(template.content, others[i].content));
}

/** @param {any} node @returns {HTMLTemplateElement[]} */
function templatesIn(node) {
  const inside = firstElementChild(node) ? querySelectorAll(node, "template") : [];
  return [node, ...inside].filter((template) => contentOf(template) !== template); // elements named "template" outside of HTML have no `content`
}
