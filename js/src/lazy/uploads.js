// Files of forms go to the server before their op, each form's by a request of its own; the op names them by the handles that
// the server answers. Meanwhile the form is pending, `<progress live-progress>` in it shows how far it is, and what has
// `live-cancel` in it, or a reset, ends it.

/** @import { Call, Request } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { CANCEL, ERROR, FIELD_ACTION, HEADER_UPLOAD } from "../core/wire.js";
import { core } from "./bridge.js";
import { closest, getAttribute, isConnected, parentElement, querySelector, querySelectorAll, toggleAttribute } from "./members.js";

/** @typedef {Request & { sending?: XMLHttpRequest, sent?: ProgressEvent }} Upload */

const REFUSALS = new Set([413, 415, 422]);

/** @type {Upload[]} that are under way */
export const uploads = [];

export function watchUploads() {
  addEventListener("reset", ({ target }) => cancelUploads(/** @type {HTMLFormElement} */ (target)));
}

/**
 * Performs a request whose fields hold files, once these are at the server.
 * @param {Upload} request
 * @param {string} ref
 * @param {any[]} fields name, value ...: handles take the places of files
 */
export function uploadFiles(request, ref, fields) {
  const body = new FormData();
  for (let i = fields.length - 2; i >= 0; i -= 2) if (isUnchosen(fields[i + 1])) fields.splice(i, 2);
  for (let i = 0; i < fields.length; i += 2) if (fields[i + 1] instanceof File) body.append(fields[i], fields[i + 1]);
  if (![...body].length) return core.perform(request);
  const address = new URL(location.href);
  address.searchParams.set(FIELD_ACTION, ref);
  const sending = (request.sending = new XMLHttpRequest());
  sending.open("POST", address);
  sending.setRequestHeader(HEADER_UPLOAD, core.session() ?? ""); // the files go when that is over
  sending.setRequestHeader("Accept", "application/json");
  sending.responseType = "json";
  sending.upload.onprogress = (event) => {
    request.sent = event;
    core.applyPending();
  };
  sending.onloadend = () => finish(request, sending, fields);
  uploads.push(request);
  sending.send(body);
  core.applyPending();
}

/** An input in which no file is chosen. @param {unknown} value */
const isUnchosen = (value) => value instanceof File && !value.name && !value.size;

/** @param {Upload} request @param {XMLHttpRequest} sending @param {any[]} fields */
function finish(request, { response, status, statusText }, fields) {
  uploads.splice(uploads.indexOf(request), 1);
  core.applyPending();
  const handles = response?.files?.map((/** @type {[string, string]} */ [, handle]) => handle);
  if (handles || REFUSALS.has(status)) {
    fields.forEach((value, i) => { if (value instanceof File) fields[i] = handles ? { file: handles.shift() } : rejected(value); });
    core.perform(request);
  } else core.report(request.source, ERROR, { error: statusText || "Not sent", status, ...response });
}

/** A file that the server doesn't take, of which the op tells so that the form says why. @param {File} file */
const rejected = ({ name, size, type }) => ({ refused: [name, type, size] });

/** Ends those of a form. @param {HTMLFormElement | null} form */
export function cancelUploads(form) {
  for (const upload of [...uploads]) if (formOf(upload) === form) upload.sending?.abort();
}

/** The form, also where only its button is pending: that of the page. @param {Upload} upload @returns {Element | null | undefined} */
const formOf = ({ source }) => (source instanceof HTMLButtonElement || source instanceof HTMLInputElement ? source.form : source);

/** @param {Upload} op */
export function showProgress(op) {
  const { sending, sent } = op;
  const form = formOf(op);
  if (!sending) return;
  if (!form || !isConnected(form)) return queueMicrotask(() => sending.abort());
  for (const bar of querySelectorAll(form, "progress[live-progress]")) {
    core.setWhilePending(bar, "hidden", null);
    if (!sent?.lengthComputable) continue;
    core.setWhilePending(bar, "max", `${sent.total}`);
    core.setWhilePending(bar, "value", `${sent.loaded}`);
  }
}

// `live-drop`: files that are dropped on an element are chosen in the file input in it, or in the one whose id it names.

export function watchDrops() {
  for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, (event) => onDrag(/** @type {DragEvent} */ (event)));
}

/** @param {DragEvent} event */
function onDrag(event) {
  const { dataTransfer, target, type } = event;
  const zone = target instanceof Element && closest(target, "[live-drop]");
  if (!zone || !dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  toggleAttribute(zone, "data-dragging", type === "dragover");
  const id = getAttribute(zone, "live-drop");
  const input = id ? document.getElementById(id) : querySelector(zone, "input[type=file]");
  if (type === "drop" && input instanceof HTMLInputElement && !input.disabled) choose(input, [...dataTransfer.files]);
}

/** @param {HTMLInputElement} input @param {File[]} files */
function choose(input, files) {
  const chosen = new DataTransfer();
  for (const file of input.multiple ? files : files.slice(0, 1)) chosen.items.add(file);
  input.files = chosen.files;
  for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
}

// `live-cancel`: a click ends the running op of an action; without an action, the uploads of the form that it is in.

export function watchCancels() {
  addEventListener("click", ({ target }) => {
    for (let element = target instanceof Element ? target : null; element; element = parentElement(element)) {
      for (const call of callsOf(element)) if (call.type === "cancel") cancel(call);
    }
  });
}

/** @param {Call} call */
function cancel({ element, descriptor }) {
  if (getAttribute(element, descriptor) === "") cancelUploads(/** @type {HTMLButtonElement} */ (element).form ?? /** @type {HTMLFormElement | null} */ (closest(element, "form")));
  else core.perform({
    build() {
      const called = core.calledBy(element, descriptor);
      return called === null ? called : [CANCEL, called];
    },
  });
}
