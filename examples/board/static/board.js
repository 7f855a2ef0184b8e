import { hook } from "../_live/hooks.js";

// Cards are dragged with the browser's own drag and drop. The server moves them: this only says where to.

hook("board", {
  mounted() {
    const board = this.element;
    if (!board.hasAttribute("live-dropped")) return;
    let dragged = null;
    board.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("[data-card]");
      if (!dragged) return;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", dragged.querySelector("h3").textContent);
      dragged.classList.add("dragged");
    });
    board.addEventListener("dragover", (event) => {
      const column = dragged && event.target.closest("[data-column]");
      if (!column) return;
      event.preventDefault();
      mark(board, column, following(column, dragged, event.clientY));
    });
    board.addEventListener("drop", (event) => {
      const column = dragged && event.target.closest("[data-column]");
      if (!column) return;
      event.preventDefault();
      const before = following(column, dragged, event.clientY);
      const detail = { card: +dragged.dataset.card, column: column.dataset.column, before: before && +before.dataset.card };
      board.dispatchEvent(new CustomEvent("dropped", { detail }));
    });
    board.addEventListener("dragend", () => {
      mark(board);
      dragged?.classList.remove("dragged");
      dragged = null;
    });
  },
});

/** The card of a column that is below a height, other than the one that is dragged. */
function following(column, dragged, y) {
  return [...column.querySelectorAll("[data-card]")].find((card) => {
    const { top, height } = card.getBoundingClientRect();
    return card !== dragged && y < top + height / 2;
  });
}

/** Shows where the card would go. */
function mark(board, column, before) {
  for (const marked of board.querySelectorAll(".target, .before")) marked.classList.remove("target", "before");
  column?.classList.add("target");
  before?.classList.add("before");
}

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
