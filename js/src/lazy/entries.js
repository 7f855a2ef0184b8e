// Uploads the files of forms. Each file is an entry with a plan, its progress, an error and a handle. Before anything is sent,
// the server plans how: in one request, in chunks, or to object storage; or it refuses the file. Interrupted uploads are
// retried; a file in chunks continues with the first chunk that the server doesn't have.

import { FIELD_ACTION, HEADER_CHUNK, HEADER_UPLOAD } from "../core/wire.js";
import { core } from "./bridge.js";

/** @typedef {{ by: "form" | "chunks" | "direct", handle: string, size: number, url: string, headers: Record<string, string>, auto?: true, error?: string }} Plan */
/** @typedef {{ file: File, field: string, address: URL, state: "chosen" | "sending" | "sent" | "refused" | "failed", sent: number, error: string, plan: Plan | undefined, at: number, begun: boolean, handle: string | undefined, given: boolean, failure: any, end: AbortController, transfer: Promise<void> | undefined }} Entry */

const REFUSALS = new Set([413, 415, 422]);
const TEMPORARY = new Set([0, 408, 429, 502, 504]);
/** Retries without progress: about 40 seconds. */
const TRIES = 8;
/**
 * Milliseconds for which plans and uploaded files are valid: slightly less than on the server, which keeps them for an
 * hour.
 */
const FRESH = 3_000_000;

/** @type {WeakMap<File, Entry>} */
const known = new WeakMap();
/** Show the state of all entries. */
let show = () => {};
/** Set the function that shows entries. @param {() => void} shows */
export const showWith = (shows) => { show = shows; };

/** The entry of a file, created if there is none. @param {File} file @param {string} field @returns {Entry} */
export function entryOf(file, field) {
  const entry = known.get(file) ?? { file, field, ...unsent() };
  known.set(file, entry);
  return entry;
}

/**
 * Link a file to an entry. Some browsers create a new File object when `input.files` is set.
 * @param {File} file
 * @param {Entry} entry
 */
export const know = (file, entry) => void known.set(file, entry);

/** The initial state of an entry. @returns {Omit<Entry, "file" | "field">} */
const unsent = () => ({
  address: new URL(location.href), state: "chosen", sent: 0, error: "", plan: undefined, at: -Infinity, begun: false, handle: undefined, given: false, failure: undefined, end: new AbortController(), transfer: undefined,
});

/** Stop sending a file, which may be sent again. @param {Entry} entry */
export function reset(entry) {
  entry.end.abort();
  Object.assign(entry, unsent());
}

/** Stop sending a file for good, and delete it on the server unless an op has used it. @param {Entry} entry */
export function discard({ address, end, given, handle }) {
  if (end.signal.aborted) return;
  end.abort();
  if (handle && !given) ask(address, { cancel: handle }, new AbortController().signal);
}

/** Whether an entry's plan has expired. @param {Entry} entry */
const isOld = ({ at }) => Date.now() - at > FRESH;

/**
 * Plan and send files, one after the other.
 * @param {Entry[]} entries
 * @param {string} ref reference of the action
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the error; undefined if there is none
 */
export async function deliver(entries, ref, signal) {
  for (const entry of entries) if (entry.state === "sent" && isOld(entry)) reset(entry);
  let failure = await plan(entries, ref, signal);
  for (const entry of failure ? [] : entries) {
    if (signal.aborted) break;
    if (/chosen|failed/.test(entry.state)) entry.transfer = transmit(entry);
    await entry.transfer;
    if (entry.state === "failed" && !entry.end.signal.aborted) failure ??= entry.failure;
  }
  return failure;
}

/**
 * Ask the server how to send files that have no valid plan yet.
 * @param {Entry[]} entries
 * @param {string} ref reference of the action
 * @param {AbortSignal} signal
 * @returns {Promise<any>} the error; undefined if there is none
 */
export async function plan(entries, ref, signal) {
  const asked = entries.filter((entry) => !isUnderWay(entry) && isOld(entry));
  if (!asked.length) return;
  const address = new URL(location.href);
  address.searchParams.set(FIELD_ACTION, ref);
  const question = { plan: asked.map(({ field, file: { name, type, size } }) => [field, name, type, size]) };
  const answer = await persist(() => ask(address, question, signal), signal);
  if (!isOk(answer)) return failureOf(answer);
  asked.forEach((entry, i) => {
    const plan = answer.response.files[i];
    if (!isUnderWay(entry)) Object.assign(entry, { address, plan, at: Date.now(), error: plan.error ?? "", state: plan.error ? "refused" : "chosen", begun: false, sent: 0 });
  });
  show();
}

/** Whether a file is being sent or was sent. @param {Entry} entry */
const isUnderWay = ({ state }) => state === "sending" || state === "sent";

/** Send a file as planned. @param {Entry} entry */
async function transmit(entry) {
  const { end: { signal }, field, file, plan } = entry;
  Object.assign(entry, { state: "sending", error: "" });
  show();
  const work = () => (plan?.by === "direct" ? sendAway(entry, plan) : plan?.by === "chunks" ? sendChunks(entry, plan) : sendWhole(entry));
  const answer = await persist(work, signal, () => entry.sent);
  if (signal.aborted) return;
  const failure = failureOf(answer);
  if (isOk(answer)) Object.assign(entry, { state: "sent", sent: file.size });
  else if (REFUSALS.has(answer.status)) Object.assign(entry, { state: "refused", error: answer.response?.errors?.[field] || failure.error });
  else Object.assign(entry, { state: "failed", error: failure.error, failure, ...!isTemporary(answer) && { at: -Infinity } });
  show();
}

/** Send a file in one request. @param {Entry} entry */
async function sendWhole(entry) {
  const body = new FormData();
  body.append(entry.field, entry.file);
  const answer = await post(entry, body, 0);
  entry.handle = answer.response?.files?.[0][1];
  return answer;
}

/** Send a file in chunks; continue where an earlier attempt stopped. @param {Entry} entry @param {Plan} plan */
async function sendChunks(entry, { handle, size }) {
  const { address, begun, end: { signal }, file } = entry;
  let answer;
  let n = 0;
  if (begun) {
    answer = await ask(address, { resume: handle }, signal);
    if (!isOk(answer)) return answer;
    n = answer.response.chunks;
  }
  Object.assign(entry, { begun: true, handle });
  for (; n * size < file.size; n++) {
    answer = await post(entry, file.slice(n * size, (n + 1) * size, "application/octet-stream"), n * size, `${n} ${handle}`);
    if (!isOk(answer)) return answer;
  }
  return /** @type {XMLHttpRequest} */ (answer);
}

/**
 * Send a file to object storage, at an address that is signed for its size and type.
 * @param {Entry} entry
 * @param {Plan} plan
 */
async function sendAway(entry, { handle, headers, url }) {
  entry.handle = handle;
  const request = new XMLHttpRequest();
  request.open("PUT", url);
  for (const name in headers) request.setRequestHeader(name, headers[name]);
  return send(request, entry, entry.file, 0);
}

// Requests.

/**
 * Post a file or a chunk.
 * @param {Entry} entry
 * @param {XMLHttpRequestBodyInit} body
 * @param {number} before bytes that were sent before
 * @param {string} [chunk] number of the chunk and handle
 */
function post(entry, body, before, chunk) {
  const request = to(entry.address);
  if (chunk) request.setRequestHeader(HEADER_CHUNK, chunk);
  return send(request, entry, body, before);
}

/**
 * Send a request, and show its progress.
 * @param {XMLHttpRequest} request
 * @param {Entry} entry
 * @param {XMLHttpRequestBodyInit} body
 * @param {number} before bytes that were sent before
 */
function send(request, entry, body, before) {
  request.upload.onprogress = ({ loaded }) => {
    entry.sent = Math.min(before + loaded, entry.file.size);
    show();
    core.applyPending();
  };
  return sent(request, body, entry.end.signal);
}

/**
 * Ask the server about uploads: plan, resume or cancel.
 * @param {URL} address
 * @param {object} question
 * @param {AbortSignal} signal
 */
const ask = (address, question, signal) => sent(to(address), new Blob([JSON.stringify(question)], { type: "application/json" }), signal);

/** Open a request to the server. @param {URL} address */
function to(address) {
  const request = new XMLHttpRequest();
  request.open("POST", address);
  request.setRequestHeader(HEADER_UPLOAD, core.session() ?? ""); // the server deletes the uploads of a session that ends
  request.setRequestHeader("Accept", "application/json");
  return request;
}

/**
 * Send a request; resolves when it has ended, also without a response (status 0).
 * @param {XMLHttpRequest} request
 * @param {XMLHttpRequestBodyInit} body
 * @param {AbortSignal} signal
 * @returns {Promise<XMLHttpRequest>}
 */
function sent(request, body, signal) {
  request.responseType = "json";
  return new Promise((resolve) => {
    request.onloadend = () => resolve(request);
    if (signal.aborted) return resolve(request);
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/**
 * Retry a request, with growing pauses, until its response isn't a temporary error.
 * @param {() => Promise<XMLHttpRequest>} work
 * @param {AbortSignal} signal
 * @param {() => number} [progress] bytes sent; when they grow, retries are counted from zero again
 */
async function persist(work, signal, progress = () => 0) {
  for (let tried = 0, before = progress(); ; tried++) {
    const answer = await work();
    if (signal.aborted || !isTemporary(answer) || tried === TRIES) return answer;
    if (progress() > before) tried = 0;
    before = progress();
    await pause(tried, signal);
  }
}

/**
 * Wait before a retry, or until the browser is online again.
 * @param {number} tried number of tries so far
 * @param {AbortSignal} signal
 */
const pause = (tried, signal) => new Promise((resolve) => {
  setTimeout(resolve, Math.min(500 * 2 ** tried, 8000));
  addEventListener("online", resolve, { once: true });
  signal.addEventListener("abort", resolve);
});

/** @param {XMLHttpRequest} answer */
const isOk = ({ status }) => status >= 200 && status < 300;
/** Whether a retry may succeed. @param {XMLHttpRequest} answer */
const isTemporary = ({ status, response }) => TEMPORARY.has(status) || (status === 503 && !response?.error);
/** @param {XMLHttpRequest} answer */
const failureOf = ({ status, statusText, response }) => ({ error: statusText || "Not sent", status, ...response });
