// Shows pending ops by more than the core does: labels of buttons, regions with `data-pending-for`, upload progress, and
// optimistic markup.

/** @import { Request } from "../interface.js" */
import { VALIDATE } from "../core/wire.js";
import { core } from "./bridge.js";
import { loaded } from "./loading.js";
import { childNodes, contains, getAttribute, hasAttribute, querySelectorAll, replaceChildren } from "./members.js";

const PENDING = "data-pending-for";
const OPTIMISTIC = "live-optimistic";

/**
 * Show an op as pending.
 * @param {Request & { parts?: any[] | null }} op a pending one, or one whose files are being uploaded
 */
export function showPendingState(op) {
  const { pressed, source } = op;
  const [kind, called, fields] = op.parts ?? op.build() ?? [];
  // The action's name is only known from a reference, not from a slot's address. Validation doesn't run the action.
  const name = typeof called == "string" && kind !== VALIDATE ? called.split("~")[0] : "";
  showButtonLabel(pressed ?? source);
  for (const element of document.querySelectorAll(`[${PENDING}],[${OPTIMISTIC}]`)) {
    if (lists(element, PENDING, name)) core.setWhilePending(element, "data-pending", "");
    const isOwn = !getAttribute(element, OPTIMISTIC) && hasAttribute(element, OPTIMISTIC) && source && contains(source, element);
    if (isOwn || lists(element, OPTIMISTIC, name)) showOptimistic(op, element, fields ?? []);
  }
  loaded.uploads?.showProgress(op);
  op.show?.();
}

/**
 * Whether an attribute that lists actions contains a name.
 * @param {Element} element
 * @param {string} attribute
 * @param {string} name
 */
const lists = (element, attribute, name) => name && getAttribute(element, attribute)?.split(" ").includes(name);

/** Show the `live-pending` label of a button. @param {Element | null | undefined} button */
export function showButtonLabel(button) {
  const text = button && getAttribute(button, "live-pending");
  if (!button || !text) return;
  if (button instanceof HTMLInputElement) {
    const { value } = button;
    button.value = text;
    core.onRevert(() => { button.value = value; });
  } else fill(button, text);
}

/** Replace an element's content by a text until the next revert. @param {Element} element @param {string} text */
export function fill(element, text) {
  const nodes = [...childNodes(element)]; // kept, as they may contain slots
  replaceChildren(element, text);
  core.onRevert(() => replaceChildren(element, ...nodes));
}

// `live-optimistic`: markup that shows the expected result of an op while it is pending. A hidden element is shown; a template is
// copied before itself. Elements with `live-field="title"` in it are filled with the value submitted under that name. Nothing
// is shown while there is no connection, since the op may fail.

/** @type {WeakMap<Request, Map<Element, ChildNode[]>>} copies of templates, reused from patch to patch */
const copies = new WeakMap();

/** Update the pending state when the connection is lost or restored. */
export function watchTrouble() {
  new MutationObserver(core.applyPending).observe(document.documentElement, { attributeFilter: ["data-live"] });
}

/**
 * Show optimistic markup.
 * @param {Request} op
 * @param {Element} element the element with `live-optimistic`
 * @param {any[]} fields what the op submits: name, value ...
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

/** The copy of a template for an op. @param {Request} op @param {HTMLTemplateElement} template @param {any[]} fields */
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

/**
 * The elements with `live-field`, with the texts to fill in.
 * @param {ParentNode} root
 * @param {any[]} fields
 * @returns {[Element, string][]}
 */
function filledParts(root, fields) {
  const parts = [...querySelectorAll(root, "[live-field]")];
  if (root instanceof Element && hasAttribute(root, "live-field")) parts.push(root);
  return parts.map((part) => {
    const name = getAttribute(part, "live-field");
    const values = fields.filter((_, i) => i % 2 && fields[i - 1] === name);
    return [part, values.map((value) => value.name ?? value).join(", ")];
  });
}
