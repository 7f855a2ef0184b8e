// For scripts of the page: `import { hook } from "/_live/hooks.js"`.

/**
 * Registers what happens to elements with `live-hook="name"`. Each has an object of its own, derived from `definition`, with
 * the element as `this.element`.
 * @param {string} name
 * @param {{ mounted?: () => void, updated?: () => void, destroyed?: () => void, [name: string]: any }} definition
 */
export async function hook(name, definition) {
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[data-live]"));
  const client = script && (await import(script.src));
  const lazy = await client?.loadLazy();
  await lazy?.hook(name, definition);
}
