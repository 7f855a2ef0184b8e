// Loads features: parts of the client that are files of their own. Which there are is in features.js.

/** @import { Call, Features } from "../interface.js" */
import { COMMANDS } from "../core/calls.js";

/** @typedef {keyof Features} Name */
/**
 * @typedef {object} Entry of a feature
 * @property {() => Promise<{ feature: any }>} file loads its module
 * @property {string} [attributes] what follows `live-` in those that need it
 * @property {RegExp} [messages] what is in messages that need it, and wait for it
 */

/** @type {Partial<Features>} those that are there */
export const loaded = {};
/** @type {Partial<Record<Name, Promise<any>>>} */
const loading = {};
/** @type {Record<Name, Entry>} */
let entries;
/** @type {Map<string, Name>} */
const byAttribute = new Map();

/** @param {typeof entries} table of features */
export function provide(table) {
  entries = table;
  for (const [name, { attributes = "" }] of Object.entries(table)) for (const attribute of attributes.split(" ")) byAttribute.set(attribute, /** @type {Name} */ (name));
}

/**
 * Load a feature and start it; resolves to undefined if that fails. It is tried again the next time.
 * @template {Name} N
 * @param {N} name
 * @returns {Promise<Features[N] | undefined>}
 */
export const load = (name) => (loading[name] ??= entries[name].file().then(
  ({ feature }) => {
    loaded[name] = feature;
    feature.start?.();
    return feature;
  },
  () => void delete loading[name],
));

/** There is such an attribute in the page. @param {Call} call */
export function loadForAttribute(call) {
  const { modifiers, type } = call;
  if (modifiers.includes(COMMANDS)) load("commands");
  const name = byAttribute.get(type);
  if (name) load(name).then((feature) => /** @type {any} */ (feature)?.register?.(call));
}

/** @param {string} message @returns {Promise<boolean>} whether all is there that it needs */
export async function loadForMessage(message) {
  const names = Object.entries(entries).filter(([, { messages }]) => messages?.test(message)).map(([name]) => load(/** @type {Name} */ (name)));
  return (await Promise.all(names)).every((feature) => feature);
}
