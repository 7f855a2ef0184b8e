// Does for patched markup what browsers only do while loading a page: attaches declarative shadow roots, and runs scripts with
// `live-run`.

const RUN = "script[live-run]";

/** @type {WeakSet<Element>} scripts that have run */
const ran = new WeakSet();

/** Attach shadow roots and run scripts after each patch. */
export function watchMarkup() {
  for (const script of document.querySelectorAll(RUN)) ran.add(script); // the browser has run them
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase !== "after") return;
    document.querySelectorAll("template[shadowrootmode]").forEach(attach);
    for (const script of document.querySelectorAll(RUN)) if (!ran.has(script)) ran.add(execute(/** @type {HTMLScriptElement} */ (script)));
  });
}

/** Turn a template into the shadow root of its parent. @param {any} template */
function attach(template) {
  const host = template.parentElement;
  if (!host.shadowRoot) {
    const mode = template.getAttribute("shadowrootmode");
    host.attachShadow({ mode, delegatesFocus: template.hasAttribute("shadowrootdelegatesfocus") }).append(template.content);
  }
  template.remove();
}

/**
 * Replace a script that was inserted as markup, and so doesn't run, by one that does.
 * @param {HTMLScriptElement} inert
 * @returns {HTMLScriptElement} the new script
 */
export function execute(inert) {
  const script = document.createElement("script");
  try {
    for (const { name, value } of inert.attributes) script.setAttribute(name, value);
    script.nonce = inert.nonce;
    script.text = inert.text;
    inert.replaceWith(script);
  } catch {
    location.reload(); // a Trusted Types policy forbids it; after a reload the browser runs it
  }
  return script;
}
