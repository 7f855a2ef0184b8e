// Functions of the server, for the modules that it generates: through the live page they are called on, else by fetch.

import { failure } from "./core/failure.js";
import { notifyTabs } from "./core/tabs.js";
import { HEADER_COOKIES, HEADER_OPS } from "./core/wire.js";

/**
 * @param {string} name module:function
 * @param {Record<string, unknown>} args
 * @returns {Promise<any>} its result; rejected with an error that has `errors`, `id` and `status`
 */
export async function call(name, args) {
  checkArguments(args, name);
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[data-live]"));
  if (script && document.documentElement.dataset.live !== "closed") {
    const client = await import(script.src);
    const lazy = await client.loadLazy();
    if (lazy) return lazy.call(name, args);
  }
  return post(name, args);
}

/**
 * Throws for what JSON would drop or change.
 * @param {unknown} value
 * @param {string} path where it is
 */
function checkArguments(value, path) {
  if (value instanceof Blob || value instanceof FormData) throw TypeError(`${path}: a call can't take files or forms; submit a form, or use live-drop`);
  // From 1e21 on numbers are written with an exponent: those are floats for the server, too.
  if (typeof value === "bigint" || (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(Number(value)) < 1e21)) {
    throw TypeError(`${path}: integers beyond 2**53 - 1 don't arrive exactly; pass ${value} as a string`);
  }
  if (typeof value === "function" || typeof value === "symbol" || (typeof value === "number" && !Number.isFinite(value)) || isLost(value)) {
    throw TypeError(`${path}: ${String(value)} can't be sent; pass plain objects, arrays, strings and finite numbers`);
  }
  if (value && typeof value === "object") for (const [key, item] of Object.entries(value)) checkArguments(item, `${path}.${key}`);
}

/** Whether JSON has no form for an object: a Map, a typed array, an Error. @param {unknown} value */
function isLost(value) {
  if (!value || typeof value !== "object" || "toJSON" in value || Array.isArray(value)) return false;
  return Object.prototype.toString.call(value) !== "[object Object]";
}

/** @param {string} name @param {Record<string, unknown>} args */
async function post(name, args) {
  const response = await fetch(new URL(`actions/${name.replace(":", "/")}`, import.meta.url), {
    method: "POST",
    headers: { [HEADER_OPS]: "1", Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(args),
  });
  if (response.headers.has(HEADER_COOKIES)) notifyTabs();
  if (response.redirected) return location.assign(response.url); // by the application's handler of an exception
  const answer = await response.json().catch(() => ({ error: response.statusText }));
  if (answer.url) return location.assign(answer.url);
  if (!response.ok) throw failure({ status: response.status, ...answer });
  return answer.result;
}
