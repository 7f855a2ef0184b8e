import { hook } from "../_live/hooks.js";

// A moved card keeps the focus, also in another column.

addEventListener("moved", ({ detail: { card } }) => {
  document.querySelector(`#card-${card} a`)?.focus({ preventScroll: true });
});

// The chat stays at its end, unless somebody reads further up.

hook("scroll", {
  mounted() {
    const log = this.element;
    this.atEnd = true;
    log.addEventListener("scroll", () => {
      this.atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    });
    this.updated();
  },
  updated() {
    if (this.atEnd) this.element.scrollTop = this.element.scrollHeight;
  },
});

// The server writes times in UTC; the browser knows where it is. Patches don't touch shadow roots.

customElements.define("local-time", class extends HTMLElement {
  connectedCallback() {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const at = new Date(this.querySelector("time").dateTime);
    const isToday = at.toDateString() === new Date().toDateString();
    const style = isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    const time = document.createElement("time");
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleString("en-GB", style);
    shadow.replaceChildren(time);
  }
});
