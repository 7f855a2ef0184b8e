// The rest of the client: what few pages need.

import { watchNavigation } from "./navigate.js";
import { watchTypedForms } from "./typing.js";

export { flush } from "./delays.js";
export { heed, meet, meetAtWindow } from "./modifiers.js";
export { post } from "./post.js";
export { replacePage } from "./replace.js";

/** @typedef {import("../main.js").Core} Core */

/** @type {Core} */
export let core;

/** @param {Core} parts */
export function start(parts) {
  core = parts;
  watchNavigation();
  watchTypedForms();
}
