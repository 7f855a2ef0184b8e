// Which elements are controls, and of which form. Nothing here holds any state.

/** @import { Control } from "../interface.js" */
import { elements } from "./members.js";

/** @param {any} node @returns {node is Control} */
export const isControl = (node) => /^(input|select|textarea)$/.test(node?.localName);

/** What a form posts: controls, buttons and custom elements. @param {EventTarget} form anything else has none @returns {any[]} */
export const controlsOf = (form) => [...elements(form) ?? []];

/** @param {any} control @returns {control is HTMLInputElement} */
export const isCheckable = (control) => /checkbox|radio/.test(control.type);

/** The controls that are edited together: radio buttons of one group. @param {any} control @returns {any[]} */
export const groupOf = (control) =>
  control.type === "radio"
    ? [...document.querySelectorAll("[type=radio]")].filter((/** @type {any} */ { form, name }) => form === control.form && name === control.name)
    : [control];
