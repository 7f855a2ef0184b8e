// `live-cancel`: a click ends the running op of an action; without an action, the uploads of the form that it is in.

import { core } from "./core.js";
import { cancelUploads } from "./uploads.js";
import { CANCEL } from "../wire.js";

export function watchCancels() {
  addEventListener("click", ({ target }) => {
    for (let element = target instanceof Element ? target : null; element; element = element.parentElement) {
      for (const call of core.callsOf(element)) if (call.type === "cancel") cancel(call);
    }
  });
}

/** @param {import("../events.js").Call} call */
function cancel({ element, descriptor }) {
  if (element.getAttribute(descriptor) === "") cancelUploads(/** @type {HTMLButtonElement} */ (element).form ?? element.closest("form"));
  else core.perform({
    build() {
      const called = core.calledBy(element, descriptor);
      return called === null ? called : [CANCEL, called];
    },
  });
}
