// Shows notices over the page: that the connection is lost, that the page isn't updated any more, or that something wasn't sent.

const CLOSED = "This page is no longer updated by itself. It still works; load it again to see what has changed.";
const TOO_LARGE = "Not sent: this is more than 1 MB. Nothing is lost; shorten it and try again.";
const CHANGED = "Not sent: this part of the page has changed meanwhile. Please try again.";
const RECONNECTING = "No connection. Reconnecting…";
const LOST_AFTER = 5_000; // ms from `data-live="connecting"` to the notice: deployments and short losses take less
const GOES_ON = ["input", "click"];
const LOOK = { zIndex: "2147483647", font: "1rem system-ui", color: "#222", background: "#fd9" };
const STYLE = { ...LOOK, position: "fixed", inset: "auto 0 0", padding: ".75rem", textAlign: "center" };

/** @type {HTMLElement | undefined} */
let notice;

/** Show notices from now on. */
export function watchNotices() {
  addEventListener("live:notice", (event) => showForNow(/** @type {CustomEvent} */ (event).detail));
  addEventListener("live:error", (event) => {
    const { error, status } = /** @type {CustomEvent} */ (event).detail;
    if (error === "Not sent" && status === 409) showForNow(CHANGED); // its element has left the page while there was no connection
  });
  document.addEventListener("visibilitychange", watchConnection);
  new MutationObserver(() => { watchConnection(); explainClosing(); }).observe(document.documentElement, { attributeFilter: ["data-live"] });
  watchConnection();
  explainClosing();
}

/** Show a notice if the client has given up. */
function explainClosing() {
  if (document.documentElement.dataset.live === "closed") show(CLOSED);
}

/** Show why something wasn't sent. @param {number} status the corresponding HTTP status */
export function explain(status) {
  if (status === 413) showForNow(TOO_LARGE);
}

/** Show a text until the user's next click or input. @param {string} text */
function showForNow(text) {
  show(text);
  const hide = () => {
    for (const type of GOES_ON) removeEventListener(type, hide);
    notice?.remove();
    explainClosing();
  };
  for (const type of GOES_ON) addEventListener(type, hide);
}

/** Show a text. @param {string} text */
function show(text) {
  if (!notice) {
    notice = document.createElement("div");
    notice.className = "live-notice";
    notice.setAttribute("role", "alert");
    Object.assign(notice.style, STYLE);
  }
  notice.textContent = text;
  document.documentElement.append(notice); // outside of the body, which may be replaced
}

// A lost connection is shown by the elements of the page with the class `live-connection`; without any, by a notice. That is the
// last element of the document, and sticks to the lower edge of the window. At the end of the page, it covers nothing.

const CONNECTION = "live-connection";
const STICKY = { ...LOOK, position: "sticky", insetBlockEnd: "0", inlineSize: "fit-content", marginInline: "auto", fontSize: ".875rem", borderRadius: ".5rem .5rem 0 0", pointerEvents: "none" };

/** @type {number | undefined} */
let timer;
/** @type {HTMLElement | undefined} */
let reconnecting;

const ownElements = () => document.querySelectorAll(`body .${CONNECTION}`);

/** Show that the connection is lost, once it has been for some time, or is back. */
function watchConnection() {
  clearTimeout(timer);
  if (document.documentElement.dataset.live !== "connecting") return showConnection(false);
  if (!ownElements()[0]) {
    if (!reconnecting) {
      reconnecting = document.createElement("div");
      reconnecting.className = CONNECTION;
      reconnecting.setAttribute("role", "status");
      Object.assign(reconnecting.style, STICKY);
    }
    document.documentElement.append(reconnecting); // empty: screen readers announce text that is added later
  }
  if (!document.hidden) timer = setTimeout(() => showConnection(true), LOST_AFTER);
}

/** @param {boolean} isLost */
function showConnection(isLost) {
  for (const element of ownElements()) element.toggleAttribute("hidden", !isLost);
  if (!reconnecting) return;
  reconnecting.style.padding = isLost ? ".25rem .75rem" : "";
  reconnecting.textContent = isLost ? RECONNECTING : "";
  if (!isLost) reconnecting.remove();
}
