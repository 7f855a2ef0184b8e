// The rest of the client: what few pages need.

import { core, receive } from "./core.js";
import { watchNavigation } from "./navigate.js";
import { watchTypedForms } from "./typing.js";

export { flush } from "./delays.js";
export { leave } from "./leave.js";
export { heed, meet, meetAtWindow } from "./modifiers.js";
export { post } from "./post.js";
export { replacePage } from "./replace.js";
export { cover } from "./covering.js";
export { uploads } from "./uploads.js";

/** @param {import("./core.js").Parts} parts */
export function start(parts) {
  receive(parts);
  core.lay();
  watchNavigation();
  watchTypedForms();
}
