// The client's state of a session: its unfinished ops, and the revision of the page. It knows nothing of sockets, timers or
// the DOM.
//
// Ops are numbered 1, 2, 3 ... and kept until they are finished. Each is sent at most once per connection. When a connection
// is lost, the next welcome says what happened to the ops that had been sent: those up to its `ack` are finished. Later ones
// are sent again with the same numbers, and the server ignores those that it already has; if the server had to rebuild the
// session, their outcome is uncertain instead. Each patch increases the revision by one. If a frame has neither the current
// revision nor the next one, a patch was lost, and the client reconnects.

/** @import { Change, Op, Request, Settled } from "../interface.js" */
import { ERROR, OK, RUNNING, UNCERTAIN, VERSION } from "./wire.js";

/** How many unfinished ops are sent at once. The server keeps the last 64 answers. */
const WINDOW = 32;


/** @type {string | null} */
let token = null;
/** The session's token, for requests outside the connection. */
export const session = () => token;

/** The revision that was applied last; -1 requests the whole page. */
export let rev = 0;
/**
 * The highest number of an op that was created (`last`), sent (`sent`), and listed as sent in the last hello
 * (`announced`).
 */
let last = 0, sent = 0, announced = 0;
/** @type {Op[]} unfinished, in order */
export let ops = [];
/** How many patches were applied since the last acknowledgement. */
export let unacknowledged = 0;

/** Request the whole page, since a patch didn't match it. */
export const requestFullPage = () => { rev = -1; };

/** Queue a request as an op. @param {Request} request @param {any[]} parts what its `build` returned */
export function add(request, parts) {
  const op = { ...request, n: ++last, revision: rev, parts };
  ops.push(op);
  return op;
}

/**
 * Build the first message of a connection.
 * @param {string} url path and query of the page
 * @param {string | undefined} snapshot
 */
export function hello(url, snapshot) {
  announced = sent;
  return { v: VERSION, url, snapshot, token, rev, op: announced };
}

/** Note that ops after number `n` have never been run. @param {number} n */
export const unsend = (n) => { sent = n; };

/** Mark unfinished ops to be sent again over a new connection, except those that the server is running. */
export function markUnsent() {
  for (const op of ops) op.out = op.running;
}

/** Take the ops to send now, and mark them as sent. @returns {any[][]} messages: number, revision, kind, operands ... */
export function due() {
  return ops.slice(0, WINDOW).filter(({ out }) => !out).map((op) => {
    const parts = op.n > sent && op.build();
    if (parts) Object.assign(op, { revision: rev, parts }); // never sent before, so it may refer to the page as it is now
    op.out = true;
    if (op.n > sent) sent = op.n;
    unacknowledged = 0;
    return [op.n, op.revision, .../** @type {any[]} */ (op.parts)];
  });
}

/** Build a message that acknowledges all patches so far. */
export function acknowledgement() {
  unacknowledged = 0;
  return [0, rev];
}

/** Build an op that has no answer. @param {number} kind */
export const unansweredOp = (kind) => [++last, rev, kind];

/** Read a welcome, the first message of the server on a connection. @param {any} message @returns {Change} */
export function welcome(message) {
  token = message.token ?? token;
  rev = message.rev;
  unacknowledged = 0;
  const settled = settleOps(message.ack, message.answers);
  markUnsent();
  const fresh = message.rebuilt || message.migrated;
  if (message.migrated) announced = 0; // otherwise the server says which of the announced ops it runs again
  return { ...message, fresh, settled };
}

/**
 * Build the unfinished ops again, with the slot addresses of a rebuilt session. Call it once that session's patch is applied.
 * @returns {Settled[]} ops that can't be built any more, and those that were running in the previous session
 */
export function readdress() {
  for (const op of ops) Object.assign(op, { revision: rev, parts: op.build() });
  return removeOps(
    ({ parts, running }) => running || !parts,
    ({ n, running }) => (running || n <= announced ? [UNCERTAIN] : [ERROR, { error: "Not sent", status: 409 }]),
  );
}

/** Read a frame. @param {any[]} message @returns {Change | undefined} undefined if a patch before this one is missing */
export function frame([next, ack, patch, answers, shapes, extras]) {
  if (next - rev >> 1) return; // neither this revision nor the next one
  unacknowledged += next - rev;
  rev = next;
  return { shapes, patch, extras, settled: settleOps(ack, answers) };
}

/**
 * End all unfinished ops with a status, since no answers will come.
 * @param {number} status
 * @param {any} [payload]
 * @returns {Change}
 */
export const giveUp = (status, payload) => ({ settled: removeOps(() => true, () => [status, payload]) });

/**
 * Take out the ops that a message finishes.
 * @param {number} [ack] ops up to this number are finished
 * @param {any[]} [answers] number, status, payload ...; an op without an answer was successful
 */
function settleOps(ack = 0, answers = []) {
  const ends = new Map();
  for (let i = 0; i < answers.length; ) ends.set(answers[i++], [answers[i++], answers[i++]]);
  const isOver = (/** @type {Op} */ op) =>
    ends.get(op.n)?.[0] === RUNNING ? !(op.running = true) : ends.has(op.n) || (!op.running && op.n <= ack);
  return removeOps(isOver, ({ n }) => ends.get(n) ?? [OK]);
}

/**
 * Take out the ops for which `finished` is true.
 * @param {(op: Op) => unknown} finished
 * @param {(op: Op) => [status: number, payload?: any]} outcomeOf
 * @returns {Settled[]}
 */
function removeOps(finished, outcomeOf) {
  const taken = ops.filter(finished);
  ops = ops.filter((op) => !taken.includes(op));
  return taken.map((op) => [op, ...outcomeOf(op)]);
}
