// Lets the page's own scripts run code when elements appear, change and disappear: `import { hook } from "/_live/hooks.js"`.

/**
 * Register callbacks for elements with `live-hook="name"`. Each element gets its own object that inherits from `definition`
 * and has the element as `this.element`. Resolves once the page's elements are mounted.
 * @param {string} name
 * @param {{ mounted?: () => void, updated?: () => void, destroyed?: () => void, [name: string]: any }} definition
 */
export async function hook(name, definition) {
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[data-live]"));
  const client = script && (await import(script.src));
  const lazy = await client?.loadLazy();
  await lazy?.hook(name, definition);
}
