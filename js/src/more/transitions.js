// `live-transition`: the answer to what has it, or is in what has it, is shown by a view transition; on the body, all else too.

import { endLeaving } from "./animation.js";
import { core } from "./core.js";
import { isMoving } from "./motion.js";

/** Whether a message, which is about to be heeded, has to wait for a view transition. @param {any} message */
export function defers(message) {
  const [, ack = 0, patch = [], answers = []] = Array.isArray(message) ? message : [];
  if (!Array.isArray(message) || patch.page) endLeaving();
  return (patch.page || patch.length) && isMoving() && "startViewTransition" in document
    && causesOf(ack, answers).some((element) => element?.closest("[live-transition]"));
}

/** @param {number} ack @param {any[]} answers @returns {(Element | null | undefined)[]} */
function causesOf(ack, answers) {
  const over = core.pending().filter(({ n, running }) => (!running && n <= ack) || answers.some((answered, i) => i % 3 === 0 && answered === n));
  return over.length ? over.map(({ cause, source }) => cause ?? source) : [document.body];
}

/** Runs `work`, which changes the page, when the browser has taken a picture of it. @param {() => void} work */
export async function transit(work) {
  const { ready, updateCallbackDone } = document.startViewTransition(work);
  ready.catch(() => {}); // another one has come, or nobody looks any more
  await updateCallbackDone;
}
