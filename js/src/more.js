// What few pages need is a file of its own, loaded on demand: see more/.

/** @typedef {import("./main.js").Core} Core */

/** @type {typeof import("./more/main.js") | undefined} once it is loaded */
export let more;
/** @type {Promise<void> | undefined} */
let loading;
/** @type {Core} */
let core;

/** @param {Core} parts of this file that the other one works with */
export const provide = (parts) => { core = parts; };

/** Loads it. A failure is forgotten: there may be no connection now. */
export const loadMore = () => (loading ??= import(MORE).then(
  (loaded) => (more = loaded).start(core),
  () => { loading = undefined; },
));
