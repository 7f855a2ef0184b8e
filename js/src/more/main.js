// The rest of the client: what few pages need.

import { watchCancels } from "./cancel.js";
import { watchPatches } from "./changes.js";
import { core, receive } from "./core.js";
import { watchDialogs } from "./dialogs.js";
import { watchDrops } from "./dropping.js";
import { watchMarkup } from "./loading.js";
import { watchNavigation } from "./navigate.js";
import { rememberOriginals } from "./originals.js";
import { watchTrouble } from "./optimistic.js";
import { watchTypedForms } from "./typing.js";
import { watchUploads } from "./uploads.js";
import { watchWishes } from "./wishes.js";

export { cover } from "./covering.js";
export { flush } from "./delays.js";
export { heedAll, heedExtras } from "./extras.js";
export { call } from "./functions.js";
export { leave } from "./leave.js";
export { hook } from "./hooks.js";
export { heed, meet, meetAtWindow } from "./modifiers.js";
export { post } from "./post.js";
export { setRaw } from "./raw.js";
export { refocus } from "./refocus.js";
export { replacePage } from "./replace.js";
export { defers } from "./transitions.js";
export { upload, uploads } from "./uploads.js";
export { grantFocus } from "./wishes.js";

/** @param {import("./core.js").Parts} parts */
export function start(parts) {
  receive(parts);
  core.lay();
  rememberOriginals();
  for (const watch of [watchCancels, watchDialogs, watchDrops, watchMarkup, watchNavigation, watchPatches, watchTrouble, watchTypedForms, watchUploads, watchWishes]) watch();
}
