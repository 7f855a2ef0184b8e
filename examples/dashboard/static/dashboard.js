import { hook } from "../_live/hooks.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 200, TOP = 22, BOTTOM = 24;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 });

/** An element of SVG. */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Bars, one for each value. The table in the figure has the same values, for those who don't see them.

hook("bars", {
  mounted() {
    this.chart = svg("svg", { "aria-hidden": "true" });
    this.element.append(this.chart);
    this.element.classList.add("drawn");
    this.observer = new ResizeObserver(() => this.updated());
    this.observer.observe(this.chart);
  },
  updated() {
    const values = JSON.parse(this.element.dataset.values);
    const most = Math.max(1, ...values.map(([, cents]) => cents));
    const slot = this.chart.clientWidth / Math.max(1, values.length);
    this.chart.replaceChildren(...values.map(([month, cents], index) => {
      const height = ((HEIGHT - TOP - BOTTOM) * cents) / most;
      const x = index * slot + slot * 0.14, y = HEIGHT - BOTTOM - height, middle = (index + 0.5) * slot;
      return svg("g", {},
        svg("rect", { x, y, width: slot * 0.72, height, rx: 4 }),
        svg("text", { x: middle, y: y - 7, class: "value" }, compact.format(cents / 100)),
        svg("text", { x: middle, y: HEIGHT - 6 }, name(month)));
    }));
  },
  destroyed() {
    this.observer.disconnect();
  },
});

const name = (month) => new Date(`${month}-01T12:00`).toLocaleDateString("en", { month: "short" });

// A line through the newest values, from the right.

hook("line", {
  mounted() {
    this.updated();
  },
  updated() {
    const values = JSON.parse(this.element.dataset.values);
    const most = Math.max(1, ...values);
    const points = values.map((value, index) => `${60 - values.length + index + 1},${19 - (17 * value) / most}`);
    this.element.replaceChildren(svg("polyline", { points: points.join(" ") }));
  },
});
