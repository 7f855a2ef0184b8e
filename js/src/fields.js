// What controls and forms would post: a flat array name, value, name, value ...

import { isCheckable, isControl } from "./values.js";
import { FIELD_ACTION, FIELD_SNAPSHOT } from "./wire.js";

/**
 * All fields of a form but the library's own. Listeners of `formdata` may add some.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} [submitter]
 * @returns {[fields: string[], files: boolean]} whether there are files, which are left out
 */
export function formFields(form, submitter) {
  const entries = [...new FormData(form, submitter)].filter(([name]) => name !== FIELD_SNAPSHOT && name !== FIELD_ACTION);
  const texts = entries.filter(([, value]) => typeof value === "string");
  return [/** @type {string[]} */ (texts.flat()), texts.length < entries.length];
}

/** @param {EventTarget | null} element @returns {string[]} */
export function fieldsOf(element) {
  if (element instanceof HTMLFormElement) return formFields(element)[0];
  if (!(isControl(element) || element instanceof HTMLButtonElement) || !element.name || element.type === "file") return [];
  if (element instanceof HTMLSelectElement) return [...element.selectedOptions].flatMap(({ value }) => [element.name, value]);
  return isCheckable(element) && !element.checked ? [] : [element.name, element.value];
}

/**
 * The reference in an address of ours.
 * @param {string | null | undefined} address
 * @returns {string | null} null: not this page's, or no reference
 */
export function referenceIn(address) {
  const url = new URL(address ?? "", document.baseURI);
  return url.origin === location.origin && path(url) === path(location) ? url.searchParams.get(FIELD_ACTION) : null;
}

/** However it is spelled. @param {{ pathname: string }} url */
function path({ pathname }) {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
