// What few pages need is a file of its own, loaded on demand: see lazy/.

/** @typedef {import("./bridge.js").Parts} Parts */

/** @type {typeof import("../lazy/index.js") | undefined} once it is loaded */
export let more;
/** @type {Promise<typeof more> | undefined} */
let loading;
/** @type {Parts} */
let parts;

/** @param {Parts} core of this file that the other one works with */
export const provide = (core) => { parts = core; };

/** Loads it, for who gets it or nothing. A failure is forgotten: there may be no connection now. */
export const loadMore = () => (loading ??= import(MORE).then(
  (loaded) => {
    more = loaded;
    loaded.start(parts);
    return loaded;
  },
  () => (loading = undefined),
));
