// Ties the parts together: what is asked of the server goes out in order, what it answers is applied at once.

import { flush } from "./events.js";
import { grantFocus, keepFocus } from "./focus.js";
import { Connection } from "./connection.js";
import { leave } from "./navigate.js";
import { Page } from "./page.js";
import { end, lay, lift } from "./pending.js";
import { isTooLong, Transport } from "./socket.js";
import { answer, release, reset } from "./values.js";
import { ELSEWHERE, ERROR, OK, UNCERTAIN } from "./wire.js";

/** @typedef {import("./connection.js").Request} Request */
/** @typedef {import("./connection.js").Op} Op */
/** @typedef {import("./connection.js").Change} Change */

export class Client {
  /**
   * @param {string} path of the socket
   * @param {string | null} snapshot
   */
  constructor(path, snapshot) {
    this.page = new Page();
    /** Whether a patch is being applied: what happens meanwhile isn't the person's doing. */
    this.patching = false;
    this.connection = new Connection(snapshot);
    this.transport = new Transport(this.connection, path, {
      apply: (change) => this._apply(change),
      opened: () => tell(document, "open"),
      lost: ({ code, reason }) => tell(document, "close", { code, reason }),
      over: () => this._apply(this.connection.abandoned()),
      leaving: flush,
    });
  }

  get closed() {
    return this.transport.closed;
  }

  /**
   * Sends an op after everything that waits to be sent.
   * @param {Request} request
   * @param {(op: Op) => void} [begun]
   */
  perform(request, begun) {
    flush();
    const parts = request.build();
    if (!parts) return;
    if (isTooLong(parts)) return report(request.source, ERROR, { error: "That is too much to send.", status: 413 });
    const op = this.connection.add(request, parts);
    begun?.(op);
    if (this.closed) this._apply(this.connection.abandoned());
    else this.transport.send();
  }

  /** @param {Change} change */
  _apply(change) {
    const { fresh, settled } = change;
    this.patching = true;
    try {
      keepFocus(() => this._change(change));
    } finally {
      lay();
      this.patching = false;
      grantFocus();
      if (fresh) settled.push(...this.connection.readdress());
      for (const { op, status, payload } of settled) report(op.source, status, payload, op.n);
    }
    tell(document, "patch", { rev: this.connection.rev });
  }

  /** @param {Change} change */
  _change({ fresh, shapes, patch, settled }) {
    const well = settled.filter(({ status }) => status === OK).map(({ op }) => op);
    lift();
    for (const { seen } of well) if (seen) answer(seen);
    for (const { op } of settled) end(op);
    if (fresh) this.page.renumber();
    this.page.shapes.define(shapes);
    this.page.patch(patch);
    for (const { seen, resets } of well) if (seen) (resets ? reset : release)(seen);
  }
}

/**
 * @param {EventTarget} target
 * @param {string} name
 * @param {any} [detail]
 */
function tell(target, name, detail) {
  target.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));
}

/**
 * How an op ended: `live:ok` or `live:error` on the element that asked for it.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
function report(source, status, payload, n) {
  if (status === ELSEWHERE) return leave(payload);
  const target = source?.isConnected ? source : document;
  if (status === OK) tell(target, "ok", { n, result: payload });
  else tell(target, "error", { n, uncertain: status === UNCERTAIN, ...payload });
}
