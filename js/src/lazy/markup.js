// What browsers do with markup only while they load a page, done with that of patches: shadow roots, and scripts that may run.

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

/** Scripts of markup don't run; those of a page do. @param {HTMLScriptElement} inert @returns {HTMLScriptElement} that has taken its place */
export function execute(inert) {
  const script = document.createElement("script");
  try {
    for (const { name, value } of inert.attributes) script.setAttribute(name, value);
    script.nonce = inert.nonce;
    script.text = inert.text;
    inert.replaceWith(script);
  } catch {
    location.reload(); // a policy of trusted types: only the browser itself may
  }
  return script;
}
