// The state of the conversation with the server, free of sockets, timers and the page.
//
// Ops are numbered 1, 2, 3 ... and kept until they are finished. An op goes out at most once per connection; after a lost
// one the welcome says what became of those that were out: up to its `ack` they are finished; above it they are sent
// again with the same number (the server drops those it has), or, when the session had to be rebuilt, they are uncertain.
// Patches count revisions: a frame is the next revision, or the connection has to be made anew.

/** @import { Change, Op, Request, Settled } from "../interface.js" */
import { ERROR, OK, RUNNING, UNCERTAIN, VERSION } from "./wire.js";

/** Ops that may be out at once: the server keeps 64 answers. */
const WINDOW = 32;


/** @type {string | null} */
let token = null;
/** The session's token, for who sends something beside the connection. */
export const session = () => token;

/** Newest revision applied; -1 asks for the whole page. */
export let rev = 0;
/** Numbers of the last op made, of the last that was ever out, and that as the server was told. */
let last = 0, sent = 0, announced = 0;
/** @type {Op[]} unfinished, in order */
export let ops = [];
/** Patches that the server doesn't know to be applied. */
export let unacknowledged = 0;

/** The page and a patch didn't fit. */
export const requestFullPage = () => { rev = -1; };

/** @param {Request} request @param {any[]} parts what it builds */
export function add(request, parts) {
  const op = { ...request, n: ++last, revision: rev, parts };
  ops.push(op);
  return op;
}

/** @param {string} url path and query of the page @param {string | undefined} snapshot */
export function hello(url, snapshot) {
  announced = sent;
  return { v: VERSION, url, snapshot, token, rev, op: announced };
}

/** Ops above this one have never been run. @param {number} n */
export const unsend = (n) => { sent = n; };

/** A new connection: everything unfinished goes out again. */
export function markUnsent() {
  for (const op of ops) op.out = op.running;
}

/** Ops to send now. They count as out. @returns {any[][]} */
export function due() {
  return ops.slice(0, WINDOW).filter(({ out }) => !out).map((op) => {
    const parts = op.n > sent && op.build();
    if (parts) Object.assign(op, { revision: rev, parts }); // never out: told as the page is now
    op.out = true;
    if (op.n > sent) sent = op.n;
    unacknowledged = 0;
    return [op.n, op.revision, .../** @type {any[]} */ (op.parts)];
  });
}

export function acknowledgement() {
  unacknowledged = 0;
  return [0, rev];
}

/** @param {number} kind of an op without an answer */
export const unansweredOp = (kind) => [++last, rev, kind];

/** @param {any} message @returns {Change} */
export function welcome(message) {
  token = message.token ?? token;
  rev = message.rev;
  unacknowledged = 0;
  const settled = settleOps(message.ack, message.answers);
  markUnsent();
  const fresh = message.rebuilt || message.migrated;
  if (message.migrated) announced = 0; // else the server says which of those that it was told of are run again
  return { ...message, fresh, settled };
}

/**
 * Give unfinished ops the addresses of a session that was rebuilt, once its patch is applied.
 * @returns {Settled[]} those that have none, and those that were running in the session before
 */
export function readdress() {
  for (const op of ops) Object.assign(op, { revision: rev, parts: op.build() });
  return removeOps(
    ({ parts, running }) => running || !parts,
    ({ n, running }) => (running || n <= announced ? [UNCERTAIN] : [ERROR, { error: "Not sent", status: 409 }]),
  );
}

/** @param {any[]} message @returns {Change | undefined} not the next revision */
export function frame([next, ack, patch, answers, shapes, extras]) {
  if (next - rev >> 1) return; // neither this revision nor the next one
  unacknowledged += next - rev;
  rev = next;
  return { shapes, patch, extras, settled: settleOps(ack, answers) };
}

/** There will be no answers to what is unfinished. @param {number} status @param {any} [payload] @returns {Change} */
export const giveUp = (status, payload) => ({ settled: removeOps(() => true, () => [status, payload]) });

/**
 * @param {number} [ack]
 * @param {any[]} [answers] n, status, payload ...
 */
function settleOps(ack = 0, answers = []) {
  const ends = new Map();
  for (let i = 0; i < answers.length; ) ends.set(answers[i++], [answers[i++], answers[i++]]);
  const isOver = (/** @type {Op} */ op) =>
    ends.get(op.n)?.[0] === RUNNING ? !(op.running = true) : ends.has(op.n) || (!op.running && op.n <= ack);
  return removeOps(isOver, ({ n }) => ends.get(n) ?? [OK]);
}

/**
 * @param {(op: Op) => unknown} finished
 * @param {(op: Op) => [status: number, payload?: any]} outcomeOf
 * @returns {Settled[]}
 */
function removeOps(finished, outcomeOf) {
  const taken = ops.filter(finished);
  ops = ops.filter((op) => !taken.includes(op));
  return taken.map((op) => [op, ...outcomeOf(op)]);
}
