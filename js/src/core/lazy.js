// The lazy half of the client: what few pages need is a file of its own, loaded on demand. Its source is in lazy/.

/** @import { CoreParts, Lazy } from "../interface.js" */

/** @type {Lazy | undefined} set once it is loaded */
export let lazy;
/** @type {Promise<Lazy | undefined> | undefined} */
let loading;
/** @type {CoreParts} */
let parts;

/** @param {CoreParts} core what the lazy half works with */
export const provide = (core) => { parts = core; };

/** Load the lazy half; resolves to undefined if that fails. It is tried again the next time: there may be no connection now. */
export const loadLazy = () => (loading ??= import(LAZY).then(
  (loaded) => (lazy = /** @type {Lazy} */ (loaded.lazy)).start(parts),
  () => (loading = undefined),
));
