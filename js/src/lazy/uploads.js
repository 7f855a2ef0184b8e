// Files of forms go to the server before their op, which names them by handles. Meanwhile the form is pending,
// `<progress live-progress>` in it shows how far it is, and what has `live-cancel` in it, or a reset, ends it.

/** @import { Call, Features, Request } from "../interface.js" */
/** @import { Entry } from "./entries.js" */
import { callsOf } from "../core/calls.js";
import { CANCEL, ERROR } from "../core/wire.js";
import { core } from "./bridge.js";
import { deliver, entryOf, reset } from "./entries.js";
import { cancelEntry, showEntries, watchEntries } from "./entry-list.js";
import { closest, getAttribute, isConnected, parentElement, querySelector, querySelectorAll, toggleAttribute } from "./members.js";

/** @typedef {Request & { files?: Entry[], end?: AbortController }} Upload */

/** @type {Upload[]} that are under way */
const uploads = [];

/** @type {Features["uploads"]} */
export const feature = { register: watchEntries, showProgress, start, unsent: uploads, uploadFiles };

function start() {
  addEventListener("reset", ({ target }) => cancelUploads(/** @type {HTMLFormElement} */ (target)));
  watchDrops();
  watchCancels();
}

/**
 * Performs a request whose fields hold files, once these are at the server.
 * @param {Upload} request
 * @param {string} ref
 * @param {any[]} fields name, value ...: handles take the places of files
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
      if (status === ERROR && payload?.status === 422) entry.given = false; // the server keeps the files of a form that is to be corrected
      else reset(entry);
    }
    ended?.(status, payload);
    showEntries();
  };
  core.perform(request);
}

/** @param {any[]} fields name, value ... @param {(value: unknown) => boolean} isOne */
function removeFrom(fields, isOne) {
  for (let i = fields.length - 2; i >= 0; i -= 2) if (isOne(fields[i + 1])) fields.splice(i, 2);
}

/** An input in which no file is chosen. @param {unknown} value */
const isUnchosen = (value) => value instanceof File && !value.name && !value.size;

/** The op names a file that the server doesn't take, too, so that the form says why. @param {Entry} entry */
const valueOf = ({ file: { name, size, type }, handle, state }) => (state === "sent" ? { file: handle } : { refused: [name, type, size] });

/** Ends those of a form, whose files stay chosen. @param {HTMLFormElement | null} form */
function cancelUploads(form) {
  for (const upload of [...uploads]) if (formOf(upload) === form) stop(upload);
}

/** @param {Upload} upload */
function stop({ end, files = [] }) {
  end?.abort();
  for (const entry of files) if (entry.state === "sending") reset(entry);
  showEntries();
}

/** The form, also where only its button is pending: that of the page. @param {Upload} upload @returns {Element | null | undefined} */
const formOf = ({ source }) => (source instanceof HTMLButtonElement || source instanceof HTMLInputElement ? source.form : source);

/** @param {Upload} op */
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

// `live-drop`: files that are dropped on an element are chosen in the file input in it, or in the one whose id it names.

function watchDrops() {
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

function watchCancels() {
  addEventListener("click", ({ target }) => {
    for (let element = target instanceof Element ? target : null; element; element = parentElement(element)) {
      for (const call of callsOf(element)) if (call.type === "cancel") cancel(call);
    }
  });
}

/** @param {Call} call */
function cancel({ element, descriptor }) {
  if (getAttribute(element, descriptor) === "") cancelEntry(element) || cancelUploads(/** @type {HTMLButtonElement} */ (element).form ?? /** @type {HTMLFormElement | null} */ (closest(element, "form")));
  else core.perform({
    build() {
      const called = core.calledBy(element, descriptor);
      return called === null ? called : [CANCEL, called];
    },
  });
}
