// Loads features, the parts of the client in files of their own; features.js lists them.

/** @import { Call, Features } from "../interface.js" */
import { COMMANDS } from "../core/calls.js";

/** @typedef {keyof Features} Name */
/**
 * @typedef {object} Entry a feature in the table
 * @property {() => Promise<{ feature: any }>} file loads its module
 * @property {string} [attributes] names of `live-` attributes that need it, without the prefix, separated by spaces
 * @property {RegExp} [messages] matches messages that need it; they are applied once it is loaded
 */

/** @type {Partial<Features>} the features that are loaded */
export const loaded = {};
/** @type {Partial<Record<Name, Promise<any>>>} */
const loading = {};
/** @type {Record<Name, Entry>} */
let entries;
/** @type {Map<string, Name>} */
const byAttribute = new Map();

/** Set the table of features. @param {typeof entries} table */
export function provide(table) {
  entries = table;
  for (const [name, { attributes = "" }] of Object.entries(table)) for (const attribute of attributes.split(" ")) byAttribute.set(attribute, /** @type {Name} */ (name));
}

/**
 * Load what has to start before a feature: on a page with raw HTML (the server marks the client's script then), `raw` copies
 * the page before other features change it.
 * @param {Name} name
 */
const loadBefore = (name) => name !== "raw" && document.querySelector("script[live-raw]") && load("raw");

/**
 * Load a feature and start it. Resolves to undefined if that fails; the next call tries again.
 * @template {Name} N
 * @param {N} name
 * @returns {Promise<Features[N] | undefined>}
 */
export const load = (name) => (loading[name] ??= Promise.all([entries[name].file(), loadBefore(name)]).then(
  ([{ feature }]) => {
    loaded[name] = feature;
    feature.start?.();
    return feature;
  },
  () => void delete loading[name],
));

/** Load the feature of an attribute that is in the page, and register the attribute. @param {Call} call */
export function loadForAttribute(call) {
  const { modifiers, type } = call;
  if (modifiers.includes(COMMANDS)) load("commands");
  const name = byAttribute.get(type);
  if (name) load(name).then((feature) => /** @type {any} */ (feature)?.register?.(call));
}

/**
 * Load the features that a message needs.
 * @param {string} message as JSON
 * @returns {Promise<boolean>} whether all could be loaded
 */
export async function loadForMessage(message) {
  const names = Object.entries(entries).filter(([, { messages }]) => messages?.test(message)).map(([name]) => load(/** @type {Name} */ (name)));
  return (await Promise.all(names)).every((feature) => feature);
}
