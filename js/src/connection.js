// The state of the conversation with the server, free of sockets, timers and the page.
//
// Ops are numbered 1, 2, 3 ... and kept until they are finished. An op goes out at most once per connection; after a lost
// one the welcome says what became of those that were out: below its `ack` they are finished; above it they are sent
// again with the same number (the server drops those it has), or, when the session had to be rebuilt, they are uncertain.
// Patches count revisions: a frame is the next revision or the connection has to be made anew.

import { ERROR, OK, UNCERTAIN, VERSION } from "./wire.js";

/** Ops that may be out at once: the server keeps 64 answers. */
const WINDOW = 32;

/**
 * @typedef {object} Request what somebody wants done
 * @property {() => any[] | null} build kind and operands, asked again when items are numbered anew; null: it can't be said
 * @property {Element | undefined} [source] told of the answer
 * @property {import("./values.js").Seen} [seen] edits that it reports
 * @property {boolean} [resets] whether the controls go back to what the server rendered, when it went well
 */
/** @typedef {Request & { n: number, rev: number, parts: any[] | null, out: boolean }} Op */
/** @typedef {{ op: Op, status: number, payload: any }} Settled */
/** @typedef {{ fresh: boolean, shapes: any[], patch: any, settled: Settled[] }} Change what an answer means for the page */

export class Connection {
  /** @param {string | null} snapshot */
  constructor(snapshot) {
    this._snapshot = snapshot;
    /** @type {string | null} */
    this._token = null;
    /** Newest revision applied; -1 asks for the whole page. */
    this.rev = 0;
    /** Number given last, number that was ever out, that number as the server was told at last. */
    this._last = this._sent = this._told = 0;
    /** @type {Op[]} unfinished, in order */
    this.ops = [];
    /** Revisions that the server doesn't know to be applied. */
    this.unacknowledged = 0;
  }

  /** @param {Request} request @param {any[]} parts what it builds @returns {Op} */
  add(request, parts) {
    const op = { ...request, n: ++this._last, rev: this.rev, parts, out: false };
    this.ops.push(op);
    return op;
  }

  /** @param {string} url path and query of the page */
  hello(url) {
    this._told = this._sent;
    return { v: VERSION, url, snapshot: this._snapshot, token: this._token, rev: this.rev, op: this._told };
  }

  /** Everything unfinished goes out again. */
  again() {
    for (const op of this.ops) op.out = false;
  }

  /** Ops to send now; they count as out. @returns {any[][]} */
  due() {
    const due = this.ops.slice(0, WINDOW).filter((op) => !op.out && op.parts);
    for (const op of due) op.out = true;
    const last = due.at(-1);
    if (last) {
      this._sent = Math.max(this._sent, last.n);
      this.unacknowledged = 0;
    }
    return due.map((op) => [op.n, op.rev, .../** @type {any[]} */ (op.parts)]);
  }

  acknowledge() {
    this.unacknowledged = 0;
    return [0, this.rev];
  }

  /** @param {number} kind of an op that nobody waits for */
  last(kind) {
    return [++this._last, this.rev, kind];
  }

  /** @param {any} message @returns {Change} */
  welcome({ token, rev, ack = 0, fresh, patch = [], shapes = [], answers = [] }) {
    this._token = token ?? this._token;
    this.rev = rev ?? (fresh ? 0 : this.rev);
    this.unacknowledged = 0;
    const settled = this._settle(ack, answers);
    this.again();
    if (fresh) settled.push(...this._take((op) => op.n <= this._told, UNCERTAIN));
    return { fresh: !!fresh, shapes, patch, settled };
  }

  /** Addresses of ops that were never out, anew: after a fresh welcome's patch. @returns {Settled[]} those that have none */
  readdress() {
    for (const op of this.ops) if (op.n > this._sent) Object.assign(op, { rev: this.rev, parts: op.build() });
    return this._take((op) => !op.parts, ERROR, { error: "This part of the page is gone.", status: 409 });
  }

  /** @param {any[]} message @returns {Change | null} null: not the next revision */
  frame([rev, ack = 0, patch = [], answers = [], shapes = []]) {
    const next = rev === this.rev + 1;
    if (!next && (rev !== this.rev || patch.length !== 0)) return null;
    this.rev = rev;
    this.unacknowledged += +next;
    return { fresh: false, shapes, patch, settled: this._settle(ack, answers) };
  }

  /** There will be no more answers. @returns {Change} */
  abandoned() {
    const uncertain = this._take((op) => op.n <= this._sent, UNCERTAIN);
    const change = this.refused("The connection to the server is lost.", 503);
    return { ...change, settled: [...uncertain, ...change.settled] };
  }

  /** @param {string} error @param {number} status @returns {Change} */
  refused(error, status) {
    return { fresh: false, shapes: [], patch: [], settled: this._take(() => true, ERROR, { error, status }) };
  }

  /**
   * @param {number} ack
   * @param {any[]} answers
   * @returns {Settled[]}
   */
  _settle(ack, answers) {
    /** @type {Settled[]} */
    const settled = [];
    for (let i = 0; i < answers.length; i += 3)
      settled.push(...this._take((op) => op.n === answers[i], answers[i + 1], answers[i + 2]));
    settled.push(...this._take((op) => op.n <= ack, OK));
    return settled.sort((a, b) => a.op.n - b.op.n);
  }

  /**
   * @param {(op: Op) => boolean} finished
   * @param {number} status
   * @param {any} payload
   * @returns {Settled[]}
   */
  _take(finished, status, payload = null) {
    const taken = this.ops.filter(finished);
    this.ops = this.ops.filter((op) => !finished(op));
    return taken.map((op) => ({ op, status, payload }));
  }
}
