// `live-hook="name"`: calls an object of the page's own scripts when the element is added, when a patch has changed it or
// something in it, and when it is removed.

import { getAttribute, isConnected, parentNode } from "./members.js";

/** @typedef {{ element: Element, mounted?: () => void, updated?: () => void, destroyed?: () => void }} Hook */

const HOOK = "live-hook";

/** @type {Map<string, object>} the objects that scripts have registered, by name */
const definitions = new Map();
/** @type {Map<Node, [name: string, hook: Hook]>} by element */
const mounted = new Map();

/** Whether the page has elements with hooks. Those that a patch has just added don't count yet. */
export const hasHooks = () => mounted.size > 0;

/**
 * Register an object. Each element gets its own object that inherits from it, with the element as `element`.
 * @param {string} name
 * @param {object} definition with any of `mounted`, `updated`, `destroyed`
 */
export function hook(name, definition) {
  definitions.set(name, definition);
  settleHooks([]);
}

/** Call the hooks whose elements were removed, changed or added. @param {MutationRecord[]} records what has changed */
export function settleHooks(records) {
  for (const [element, [name, hook]] of mounted) {
    if (isConnected(element) && getAttribute(/** @type {Element} */ (element), HOOK) === name) continue;
    mounted.delete(element);
    invoke(hook, "destroyed");
  }
  for (const [, hook] of changedBy(records)) invoke(hook, "updated");
  for (const element of document.querySelectorAll(`[${HOOK}]`)) if (!mounted.has(element)) mount(element);
}

/** The mounted hooks whose elements, or elements in them, have changed. @param {MutationRecord[]} records */
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

/** Create an element's hook. @param {Element} element */
function mount(element) {
  const name = getAttribute(element, HOOK) ?? "";
  const definition = definitions.get(name);
  if (!definition) return;
  const hook = Object.assign(Object.create(definition), { "element": element }); // quoted, so that the build doesn't shorten the name
  mounted.set(element, [name, hook]);
  invoke(hook, "mounted");
}

/** Call a method of a hook, if it has it. @param {Hook} hook @param {"mounted" | "updated" | "destroyed"} what */
function invoke(hook, what) {
  try {
    hook[what]?.();
  } catch (error) {
    reportError(error); // and go on with the other hooks
  }
}
