// Loads the lazy half of the client: everything that pages don't need at once. Its source is in lazy/.

/** @import { CoreParts, Lazy } from "../interface.js" */

/** @type {Lazy | undefined} undefined until it is loaded */
export let lazy;
/** @type {Promise<Lazy | undefined> | undefined} */
let loading;
/** @type {CoreParts} */
let parts;

/** Set the functions that the lazy half may use. @param {CoreParts} core */
export const provide = (core) => { parts = core; };

/** Load the lazy half. Resolves to undefined if that fails, as without a network; the next call tries again. */
export const loadLazy = () => (loading ??= import(LAZY).then(
  (loaded) => (lazy = /** @type {Lazy} */ (loaded.lazy)).start(parts),
  () => (loading = undefined),
));
