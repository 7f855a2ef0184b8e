// The list is kept in this browser, too (as all of TodoMVC's examples do), and handed back where the server has none.

import { hook } from "/_live/hooks.js";

const KEY = "react-todos";

hook("todos", {
  mounted() {
    const kept = recall();
    if (kept.length && this.element.dataset.todos === "[]") {
      this.element.dispatchEvent(new CustomEvent("recall", { detail: kept }));
    } else this.updated();
  },
  updated() {
    localStorage.setItem(KEY, this.element.dataset.todos);
  },
});

function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // somebody else's
  }
}
