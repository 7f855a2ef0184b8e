// Reads what controls and forms would post, as a flat array: name, value, name, value ...

import { isCheckable } from "./controls.js";
import { elements, getAttribute } from "./members.js";
import { FIELD_ACTION, FIELD_SNAPSHOT } from "./wire.js";

/**
 * The fields of a form, without the library's own. Listeners of the `formdata` event may add some.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} [submitter]
 * @returns {any[]} strings and files
 */
export const formFields = (form, submitter) => pairsOf(form, submitter).flat();

/** @param {HTMLFormElement} form @param {HTMLElement | null} [submitter] */
const pairsOf = (form, submitter) =>
  [...new FormData(form, submitter)].filter(([name]) => name !== FIELD_SNAPSHOT && name !== FIELD_ACTION);

/**
 * The fields of a form (without its files) or of a control; empty for anything else.
 * @param {EventTarget | null} element
 * @returns {string[]}
 */
export function fieldsOf(element) {
  if (element instanceof HTMLFormElement) return /** @type {string[]} */ (pairsOf(element).filter(([, value]) => typeof value == "string").flat());
  const { name, value, selectedOptions } = /** @type {HTMLSelectElement} */ (element);
  if (!name || value == null || (isCheckable(element) && !element.checked)) return [];
  return [...selectedOptions ?? [{ value }]].flatMap((chosen) => [name, chosen.value]);
}

/**
 * The reference in an address of this page, or in a field of the form that posts to it.
 * @param {string} address null is returned for addresses of other pages
 * @param {HTMLFormElement} [form]
 */
export function referenceIn(address, form) {
  const url = new URL(address, document.baseURI);
  if (withoutQuery(url) !== withoutQuery(location)) return null;
  const field = form && /** @type {any} */ (elements(form))[FIELD_ACTION];
  return url.searchParams.get(FIELD_ACTION) ?? field?.value ?? null;
}

/**
 * An address up to its query, with percent-encoding decoded to compare it.
 * @param {{ origin: string, pathname: string }} url
 */
const withoutQuery = ({ origin, pathname }) => decodeURIComponent(origin + pathname);

/**
 * An attribute of the form, unless its submitter overrides it.
 * @param {HTMLFormElement} form
 * @param {Element | null | undefined} submitter
 * @param {string} name
 */
export const attributeOf = (form, submitter, name) => submitter?.getAttribute(`form${name}`) ?? getAttribute(form, name) ?? "";

/**
 * The reference that a form posts to, if any.
 * @param {HTMLFormElement} form
 * @param {Element | null} [submitter]
 */
export function referenceOf(form, submitter) {
  return /^post$/i.test(attributeOf(form, submitter, "method")) ? referenceIn(attributeOf(form, submitter, "action"), form) : null;
}

/** Ask the question in `live-confirm`, if there is one; return whether the user agrees. @param {Element | null} element */
export function confirmed(element) {
  const question = element && getAttribute(element, "live-confirm");
  return question == null || confirm(question);
}
