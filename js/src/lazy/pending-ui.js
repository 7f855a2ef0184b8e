// What else shows that an op isn't finished: texts of buttons, regions elsewhere, progress of files, optimistic markup.

/** @import { Request } from "../interface.js" */
import { core } from "./bridge.js";
import { loaded } from "./loading.js";
import { childNodes, contains, getAttribute, hasAttribute, querySelectorAll, replaceChildren } from "./members.js";

const PENDING = "data-pending-for";
const OPTIMISTIC = "live-optimistic";

/** @param {Request & { parts?: any[] | null }} op isn't finished, or waits for its files */
export function showPendingState(op) {
  const { pressed, source } = op;
  const [, called, fields] = op.parts ?? op.build() ?? [];
  // Where an action slot is called, the page doesn't know the name.
  const name = typeof called == "string" ? called.split("~")[0] : "";
  showButtonLabel(pressed ?? source);
  for (const element of document.querySelectorAll(`[${PENDING}],[${OPTIMISTIC}]`)) {
    if (lists(element, PENDING, name)) core.setWhilePending(element, "data-pending", "");
    const isOwn = !getAttribute(element, OPTIMISTIC) && hasAttribute(element, OPTIMISTIC) && source && contains(source, element);
    if (isOwn || lists(element, OPTIMISTIC, name)) showOptimistic(op, element, fields ?? []);
  }
  loaded.uploads?.showProgress(op);
  op.show?.();
}

/** @param {Element} element @param {string} attribute that lists actions @param {string} name */
const lists = (element, attribute, name) => name && getAttribute(element, attribute)?.split(" ").includes(name);

// What a button says while its op isn't finished: its `live-pending`.

/** @param {Element | null | undefined} button */
export function showButtonLabel(button) {
  const text = button && getAttribute(button, "live-pending");
  if (!button || !text) return;
  if (button instanceof HTMLInputElement) {
    const { value } = button;
    button.value = text;
    core.onRevert(() => { button.value = value; });
  } else fill(button, text);
}

/** Gives an element another text for a while. @param {Element} element @param {string} text */
export function fill(element, text) {
  const nodes = [...childNodes(element)]; // they hold slots
  replaceChildren(element, text);
  core.onRevert(() => replaceChildren(element, ...nodes));
}

// `live-optimistic`: markup that shows at once what an op is going to do. An element loses its `hidden`; of a template a copy
// stands before it. What has `live-field="title"` in it gets what was submitted under that name. Nothing of it is shown while
// the connection is in trouble: nobody knows what will become of it then.


/** @type {WeakMap<Request, Map<Element, ChildNode[]>>} copies of templates, which stay the same while patches come */
const copies = new WeakMap();

export function watchTrouble() {
  new MutationObserver(core.applyPending).observe(document.documentElement, { attributeFilter: ["data-live"] });
}

/**
 * @param {Request} op
 * @param {Element} element with `live-optimistic`
 * @param {any[]} fields that the op submits: name, value ...
 */
export function showOptimistic(op, element, fields) {
  if (/connecting|closed/.test(document.documentElement.dataset.live ?? "")) return;
  if (element instanceof HTMLTemplateElement) {
    const nodes = copyOf(op, element, fields);
    element.before(...nodes);
    core.onRevert(() => nodes.forEach((node) => node.remove()));
  } else {
    for (const [part, text] of filledParts(element, fields)) fill(part, text);
    core.setWhilePending(element, "hidden", null);
    core.setWhilePending(element, "data-pending", "");
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
  const parts = [...querySelectorAll(root, "[live-field]")];
  if (root instanceof Element && hasAttribute(root, "live-field")) parts.push(root);
  return parts.map((part) => {
    const name = getAttribute(part, "live-field");
    const values = fields.filter((_, i) => i % 2 && fields[i - 1] === name);
    return [part, values.map((value) => value.name ?? value).join(", ")];
  });
}
