// `live-hook="name"`: an object of the page's own script is told when the element comes, when a patch has changed something in
// it, and when it goes.

import { getAttribute, isConnected, parentNode } from "./members.js";

/** @typedef {{ element: Element, mounted?: () => void, updated?: () => void, destroyed?: () => void }} Hook */

const HOOK = "live-hook";

/** @type {Map<string, object>} what scripts have registered, by name */
const definitions = new Map();
/** @type {Map<Node, [name: string, hook: Hook]>} */
const mounted = new Map();

export const hasHooks = () => definitions.size > 0;

/**
 * Registers an object. Each element has one of its own that derives from it, with the element as `element`.
 * @param {string} name
 * @param {object} definition with any of `mounted`, `updated`, `destroyed`
 */
export function hook(name, definition) {
  definitions.set(name, definition);
  settleHooks([]);
}

/** Tells the hooks of what has happened to their elements. @param {MutationRecord[]} records */
export function settleHooks(records) {
  for (const [element, [name, hook]] of mounted) {
    if (isConnected(element) && getAttribute(/** @type {Element} */ (element), HOOK) === name) continue;
    mounted.delete(element);
    invoke(hook, "destroyed");
  }
  for (const [, hook] of changedBy(records)) invoke(hook, "updated");
  for (const element of document.querySelectorAll(`[${HOOK}]`)) if (!mounted.has(element)) mount(element);
}

/** @param {MutationRecord[]} records */
function changedBy(records) {
  const changed = new Set();
  for (let { target } of records) {
    for (let node = /** @type {Node | null} */ (target); node; node = parentNode(node)) {
      const found = mounted.get(node);
      if (found) changed.add(found);
    }
  }
  return changed;
}

/** @param {Element} element */
function mount(element) {
  const name = getAttribute(element, HOOK) ?? "";
  const definition = definitions.get(name);
  if (!definition) return;
  const hook = Object.assign(Object.create(definition), { "element": element }); // in quotes: the build keeps the name
  mounted.set(element, [name, hook]);
  invoke(hook, "mounted");
}

/** @param {Hook} hook @param {"mounted" | "updated" | "destroyed"} what */
function invoke(hook, what) {
  try {
    hook[what]?.();
  } catch (error) {
    reportError(error); // the others' don't suffer from it
  }
}
