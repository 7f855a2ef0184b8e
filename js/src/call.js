// Calls a server function from the JavaScript modules that the server generates. On a live page the call goes through the
// page's client, in order with its other operations; everywhere else it is a plain fetch.

import { failure } from "./core/failure.js";
import { notifyTabs } from "./core/tabs.js";
import { HEADER_COOKIES, HEADER_OPS } from "./core/wire.js";

/**
 * Call a server function.
 * @param {string} name `module:function`
 * @param {Record<string, unknown>} args arguments by name
 * @returns {Promise<any>} the function's result; rejects with an error that has `errors`, `id` and `status`
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
 * Throw a TypeError if JSON would drop or change any part of a value.
 * @param {unknown} value
 * @param {string} path the value's place in the arguments, for the error message
 */
function checkArguments(value, path) {
  if (value instanceof Blob || value instanceof FormData) throw TypeError(`${path}: a call can't take files or forms; submit a form, or use live-drop`);
  // JSON writes numbers from 1e21 on with an exponent, and the server reads those as floats.
  if (typeof value === "bigint" || (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(Number(value)) < 1e21)) {
    throw TypeError(`${path}: integers beyond 2**53 - 1 don't arrive exactly; pass ${value} as a string`);
  }
  if (typeof value === "function" || typeof value === "symbol" || (typeof value === "number" && !Number.isFinite(value)) || isLost(value)) {
    throw TypeError(`${path}: ${String(value)} can't be sent; pass plain objects, arrays, strings and finite numbers`);
  }
  if (value && typeof value === "object") for (const [key, item] of Object.entries(value)) checkArguments(item, `${path}.${key}`);
}

/** Whether JSON can't represent an object, such as a Map, a typed array or an Error. @param {unknown} value */
function isLost(value) {
  if (!value || typeof value !== "object" || "toJSON" in value || Array.isArray(value)) return false;
  return Object.prototype.toString.call(value) !== "[object Object]";
}

/** Call a function with a plain fetch. @param {string} name @param {Record<string, unknown>} args */
async function post(name, args) {
  const response = await fetch(new URL(`actions/${name.replace(":", "/")}`, import.meta.url), {
    method: "POST",
    headers: { [HEADER_OPS]: "1", Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(args),
  });
  if (response.headers.has(HEADER_COOKIES)) notifyTabs();
  if (response.redirected) return location.assign(response.url); // an exception handler of the application has redirected
  const answer = await response.json().catch(() => ({ error: response.statusText }));
  if (answer.url) return location.assign(answer.url);
  if (!response.ok) throw failure({ status: response.status, ...answer });
  return answer.result;
}
