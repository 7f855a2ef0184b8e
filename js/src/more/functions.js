// Actions that scripts call as functions, on a live page.

import { core } from "./core.js";
import { failure } from "../failure.js";
import { CALL_FUNCTION, ELSEWHERE, ERROR, UNCERTAIN } from "../wire.js";

/**
 * @param {string} name module:function
 * @param {Record<string, unknown>} args
 * @returns {Promise<any>} its result; rejected with an error that has `errors`, `id` and `status`
 */
export const call = (name, args) => new Promise((resolve, reject) => {
  core.perform({
    build: () => [CALL_FUNCTION, name, args],
    ended(status, payload) {
      if (status === ERROR) reject(failure(payload));
      else if (status === UNCERTAIN) reject(failure({ error: "Nobody knows whether it was done", uncertain: true, ...payload }));
      else resolve(status === ELSEWHERE ? undefined : payload);
    },
  });
});
