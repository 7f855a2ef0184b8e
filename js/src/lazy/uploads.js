// Uploads the files of a form before its op, which refers to them by handles. Meanwhile the form is pending, and
// `<progress live-progress>` in it shows the progress; a `live-cancel` button in it, or a reset, cancels the upload. This module
// also handles `live-drop` and `live-cancel`.

/** @import { Call, Features, Request } from "../interface.js" */
/** @import { Entry } from "./entries.js" */
import { callsOf } from "../core/calls.js";
import { CANCEL, ERROR } from "../core/wire.js";
import { core } from "./bridge.js";
import { deliver, entryOf, reset } from "./entries.js";
import { cancelEntry, showEntries, watchEntries } from "./entry-list.js";
import { closest, getAttribute, isConnected, parentElement, querySelector, querySelectorAll, toggleAttribute } from "./members.js";

/** @typedef {Request & { files?: Entry[], end?: AbortController }} Upload */

/** @type {Upload[]} requests whose files are being uploaded */
const uploads = [];

/** @type {Features["uploads"]} */
export const feature = { register: watchEntries, showProgress, start, unsent: uploads, uploadFiles };

/** Listen for resets, drops and cancels. */
function start() {
  addEventListener("reset", ({ target }) => cancelUploads(/** @type {HTMLFormElement} */ (target)));
  watchDrops();
  watchCancels();
}

/**
 * Upload the files in a request's fields, and then perform it.
 * @param {Upload} request
 * @param {string} ref reference of the action
 * @param {any[]} fields name, value ...; files are replaced by their handles
 */
async function uploadFiles(request, ref, fields) {
  removeFrom(fields, isUnchosen);
  const files = fields.flatMap((value, i) => (value instanceof File ? [entryOf(value, fields[i - 1])] : []));
  if (!files.length) return core.perform(request);
  const end = new AbortController();
  Object.assign(request, { end, files });
  uploads.push(request);
  core.applyPending();
  const failure = await deliver(files, ref, end.signal);
  uploads.splice(uploads.indexOf(request), 1);
  core.applyPending();
  if (failure || end.signal.aborted) return core.report(request.source, ERROR, failure ?? { error: "Not sent", status: 0 });
  removeFrom(fields, (value) => value instanceof File && entryOf(value, "").end.signal.aborted);
  fields.forEach((value, i) => { if (value instanceof File) fields[i] = valueOf(entryOf(value, fields[i - 1])); });
  for (const entry of files) entry.given = true;
  const { ended } = request;
  request.ended = (status, payload) => {
    for (const entry of files) {
      if (status === ERROR && payload?.status === 422) entry.given = false; // the form is invalid: its files are kept, to be submitted again
      else reset(entry);
    }
    ended?.(status, payload);
    showEntries();
  };
  core.perform(request);
}

/**
 * Remove fields by their values.
 * @param {any[]} fields name, value ...
 * @param {(value: unknown) => boolean} isOne whether to remove a field
 */
function removeFrom(fields, isOne) {
  for (let i = fields.length - 2; i >= 0; i -= 2) if (isOne(fields[i + 1])) fields.splice(i, 2);
}

/** Whether a value is that of a file input without a file. @param {unknown} value */
const isUnchosen = (value) => value instanceof File && !value.name && !value.size;

/**
 * The value that an op sends for a file. Refused files are sent as well, so that the form shows an error.
 * @param {Entry} entry
 */
const valueOf = ({ file: { name, size, type }, handle, state }) => (state === "sent" ? { file: handle } : { refused: [name, type, size] });

/** Cancel the uploads of a form. Its files stay chosen. @param {HTMLFormElement | null} form */
function cancelUploads(form) {
  for (const upload of [...uploads]) if (formOf(upload) === form) stop(upload);
}

/** Cancel an upload. @param {Upload} upload */
function stop({ end, files = [] }) {
  end?.abort();
  for (const entry of files) if (entry.state === "sending") reset(entry);
  showEntries();
}

/**
 * The form of an upload. For the page's form, the source is only its button.
 * @param {Upload} upload
 * @returns {Element | null | undefined}
 */
const formOf = ({ source }) => (source instanceof HTMLButtonElement || source instanceof HTMLInputElement ? source.form : source);

/** Show the progress of an upload in its form; cancel it if the form is gone. @param {Upload} op */
function showProgress(op) {
  const { files = [] } = op;
  const form = formOf(op);
  if (!uploads.includes(op)) return;
  if (!form || !isConnected(form)) return queueMicrotask(() => stop(op));
  /** @param {(entry: Entry) => number} bytes */
  const sum = (bytes) => files.reduce((total, entry) => total + bytes(entry), 0);
  const sent = sum((entry) => entry.sent);
  for (const bar of querySelectorAll(form, "progress[live-progress]")) {
    core.setWhilePending(bar, "hidden", null);
    if (!sent) continue;
    core.setWhilePending(bar, "max", `${sum(({ file }) => file.size)}`);
    core.setWhilePending(bar, "value", `${sent}`);
  }
}

// `live-drop`: files dropped on an element are chosen in the file input in it, or in the one whose id is the attribute's value.

/** Listen for dragged files. */
function watchDrops() {
  for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, (event) => onDrag(/** @type {DragEvent} */ (event)));
}

/** Mark the element that files are dragged over, and choose files that are dropped. @param {DragEvent} event */
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

/** Choose files in an input. @param {HTMLInputElement} input @param {File[]} files */
function choose(input, files) {
  const chosen = new DataTransfer();
  for (const file of input.multiple ? files : files.slice(0, 1)) chosen.items.add(file);
  input.files = chosen.files;
  for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
}

// `live-cancel`: a click cancels the running op of an action; without an action, the uploads of the form around it.

/** Listen for clicks. */
function watchCancels() {
  addEventListener("click", ({ target }) => {
    for (let element = target instanceof Element ? target : null; element; element = parentElement(element)) {
      for (const call of callsOf(element)) if (call.type === "cancel") cancel(call);
    }
  });
}

/** Cancel what a `live-cancel` attribute names. @param {Call} call */
function cancel({ element, descriptor }) {
  if (getAttribute(element, descriptor) === "") cancelEntry(element) || cancelUploads(/** @type {HTMLButtonElement} */ (element).form ?? /** @type {HTMLFormElement | null} */ (closest(element, "form")));
  else core.perform({
    build() {
      const called = core.calledBy(element, descriptor);
      return called === null ? called : [CANCEL, called];
    },
  });
}
