// The rest of the client: what few pages need.

import { receive } from "./core.js";
import { watchNavigation } from "./navigate.js";
import { watchTypedForms } from "./typing.js";

export { flush } from "./delays.js";
export { leave } from "./leave.js";
export { heed, meet, meetAtWindow } from "./modifiers.js";
export { post } from "./post.js";
export { replacePage } from "./replace.js";
export { say } from "./saying.js";

/** @param {import("./core.js").Parts} parts */
export function start(parts) {
  receive(parts);
  watchNavigation();
  watchTypedForms();
}
