// What browsers do with markup only while they load a page, done with that of patches: shadow roots, and scripts that may run.

import { execute } from "./swap.js";

const RUN = "script[live-run]";

/** @type {WeakSet<Element>} */
const ran = new WeakSet();

export function watchMarkup() {
  for (const script of document.querySelectorAll(RUN)) ran.add(script); // by the browser
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase !== "after") return;
    document.querySelectorAll("template[shadowrootmode]").forEach(attach);
    for (const script of document.querySelectorAll(RUN)) if (!ran.has(script)) ran.add(execute(/** @type {HTMLScriptElement} */ (script)));
  });
}

/** @param {any} template */
function attach(template) {
  const host = template.parentElement;
  if (!host.shadowRoot) {
    const mode = template.getAttribute("shadowrootmode");
    host.attachShadow({ mode, delegatesFocus: template.hasAttribute("shadowrootdelegatesfocus") }).append(template.content);
  }
  template.remove();
}
