// `<template live-entries="photos">` lists the files that are chosen in the input `photos` of its form. For each file, a copy of
// the template is inserted before it. In the copy, `live-field` is filled with the file's `name`, `size` or `error`,
// `<progress live-progress>` shows how much was sent, `<img live-preview>` shows an image, and a `live-cancel` button removes
// the file from the form. `data-state` of the copy is the state of the upload.

/** @import { Call } from "../interface.js" */
/** @import { Entry } from "./entries.js" */
import { referenceOf } from "../core/fields.js";
import { deliver, discard, entryOf, know, plan, showWith } from "./entries.js";
import { closest, contains, elements, focus, getAttribute, hasAttribute, isConnected, querySelectorAll, removeAttribute, setAttribute, textContent } from "./members.js";

/** @typedef {{ nodes: Element[], texts: Element[], bars: HTMLProgressElement[], buttons: Element[], url: string | false }} Copy */

const TYPE = "entries";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** @type {Map<Element, Map<Entry, Copy>>} the copies of each template, in order */
const templates = new Map();

/** Show the entries of a template. @param {Call} call */
export function watchEntries({ element, type }) {
  if (type !== TYPE || templates.has(element)) return;
  if (!templates.size) begin();
  templates.set(element, new Map());
  choose(inputOf(element));
}

/** Listen for changes of the chosen files. */
function begin() {
  showWith(showEntries);
  addEventListener("change", ({ target }) => choose(target));
  addEventListener("reset", () => queueMicrotask(showEntries));
  addEventListener("live:patch", showEntries);
}

/** The file input of a template. @param {Element} template @returns {HTMLInputElement | undefined} */
function inputOf(template) {
  const form = closest(template, "form");
  const name = getAttribute(template, `live-${TYPE}`);
  return form && [.../** @type {any} */ (elements(form))].find((control) => control.type === "file" && control.name === name);
}

/** The entries of the files chosen in an input. @param {HTMLInputElement} input */
const entriesIn = (input) => [...input.files ?? []].map((file) => entryOf(file, input.name));

/** Plan the uploads of the files chosen in an input, and send those that don't wait for the form. @param {any} input */
async function choose(input) {
  if (!input || ![...templates.keys()].some((template) => inputOf(template) === input)) return;
  showEntries();
  const entries = entriesIn(input);
  const ref = referenceOf(input.form);
  const { signal } = new AbortController();
  if (!ref || await plan(entries, ref, signal)) return; // files are planned again when the form is submitted
  await deliver(entries.filter(({ plan, state }) => plan?.auto && state === "chosen"), ref, signal);
}

/** Show the state of all entries. */
export function showEntries() {
  for (const [template, copies] of templates) {
    const input = isConnected(template) ? inputOf(template) : undefined;
    const entries = input ? entriesIn(input) : [];
    for (const entry of [...copies.keys()]) if (!entries.includes(entry)) remove(copies, entry);
    for (const entry of entries) {
      const copy = copies.get(entry) ?? copyOf(/** @type {HTMLTemplateElement} */ (template), entry);
      copies.set(entry, copy);
      if (!copy.nodes.every(isConnected)) template.before(...copy.nodes);
      fill(copy, entry);
    }
    if (!isConnected(template)) templates.delete(template);
  }
}

/** Copy a template for a file. @param {HTMLTemplateElement} template @param {Entry} entry @returns {Copy} */
function copyOf(template, { file }) {
  const content = /** @type {DocumentFragment} */ (document.importNode(template.content, true));
  const bars = /** @type {HTMLProgressElement[]} */ ([...querySelectorAll(content, "progress[live-progress]")]);
  const buttons = [...querySelectorAll(content, "[live-cancel]")];
  for (const bar of bars) removeAttribute(bar, "live-progress"); // it would show the progress of the whole form
  for (const bar of bars) name(bar, file.name);
  for (const button of buttons) name(button, `${textContent(button)?.trim()} ${file.name}`);
  const url = /^image[/]/.test(file.type) && URL.createObjectURL(file);
  for (const image of /** @type {Iterable<HTMLImageElement>} */ (querySelectorAll(content, "img[live-preview]"))) {
    if (url) image.src = url;
    else image.remove();
  }
  return { nodes: [...content.children], texts: [...querySelectorAll(content, "[live-field]")], bars, buttons, url };
}

/** Label an element for screen readers, unless the template does. @param {Element} element @param {string} text */
const name = (element, text) => { if (!hasAttribute(element, "aria-label")) setAttribute(element, "aria-label", text); };

/** Show the state of an entry in its copy. @param {Copy} copy @param {Entry} entry */
function fill({ nodes, texts, bars }, { file, state, sent, error }) {
  for (const node of nodes) setAttribute(node, "data-state", state);
  for (const bar of bars) Object.assign(bar, { max: file.size || 1, value: sent, hidden: state !== "sending" });
  const values = /** @type {Record<string, string>} */ ({ name: file.name, size: inWords(file.size), error });
  for (const part of texts) {
    const text = values[getAttribute(part, "live-field") ?? ""] ?? "";
    if (textContent(part) !== text) part.textContent = text; // writing an equal text would make screen readers repeat it
  }
}

/** Format a size for display. @param {number} size bytes */
function inWords(size) {
  const power = Math.min(Math.floor(Math.log2(size || 1) / 10), UNITS.length - 1);
  return new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[power], maximumFractionDigits: 1 }).format(size / 1024 ** power);
}

/**
 * Remove the copy of a file that isn't chosen any more, and discard its upload.
 * @param {Map<Entry, Copy>} copies
 * @param {Entry} entry
 */
function remove(copies, entry) {
  const { nodes, url } = /** @type {Copy} */ (copies.get(entry));
  for (const node of nodes) node.remove();
  if (url) URL.revokeObjectURL(url);
  copies.delete(entry);
  discard(entry);
}

/**
 * Remove a file from its form.
 * @param {Element} element an element in the file's copy
 * @returns {boolean} false if it isn't in one
 */
export function cancelEntry(element) {
  for (const [template, copies] of templates) for (const [entry, { nodes }] of copies) {
    const input = nodes.some((node) => contains(node, element)) && inputOf(template);
    if (!input) continue;
    const entries = entriesIn(input);
    const rest = entries.filter((other) => other !== entry);
    const chosen = new DataTransfer();
    for (const { file } of rest) chosen.items.add(file);
    input.files = chosen.files;
    rest.forEach((other, i) => know(/** @type {FileList} */ (input.files)[i], other));
    for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
    const next = rest[Math.min(entries.indexOf(entry), rest.length - 1)];
    focus(copies.get(next)?.buttons[0] ?? input);
    return true;
  }
  return false;
}
