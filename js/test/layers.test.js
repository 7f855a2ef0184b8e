// Imports of the client's modules, those of types included: from the lazy half to the core, never back, and never in a circle.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const SOURCE = new URL("../src/", import.meta.url);
const FROM = /(?:\bfrom |\bimport\()"(\.[^"]+)"/g;

/** @type {Map<string, string[]>} what each module imports */
const imports = new Map(
  readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(js|d\.ts)$/.test(name))
    .map((name) => [name.replace(/\.d\.ts$/, ".js"), name])
    .map(([module, name]) => {
      const found = readFileSync(new URL(name, SOURCE), "utf8").matchAll(FROM);
      return [module, [...new Set([...found].map(([, path]) => posix.join(posix.dirname(module), path)))]];
    }),
);

/** @param {string} folder */
const inFolder = (folder) => [...imports].filter(([module]) => module.startsWith(folder));

test("every import is a module of the client", () => {
  for (const [module, others] of imports) for (const other of others) assert.ok(imports.has(other), `${module} imports ${other}`);
});

test("the core imports nothing of the lazy half", () => {
  for (const [module, others] of inFolder("core/"))
    for (const other of others) assert.match(other, /^core\/|^interface\.js$/, `${module} imports ${other}`);
});

test("the lazy half imports of the core only what holds no state", () => {
  const stateless = ["calls", "controls", "failure", "fields", "members", "tabs", "text", "wire"].map((name) => `core/${name}.js`);
  for (const [module, others] of inFolder("lazy/"))
    for (const other of others) assert.ok(other.startsWith("lazy/") || other === "interface.js" || stateless.includes(other), `${module} imports ${other}`);
});

test("the interface imports nothing", () => assert.deepEqual(imports.get("interface.js"), []));

test("there is no circle", () => {
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} module @param {string[]} path */
  const visit = (module, path) => {
    assert.ok(!path.includes(module), [...path, module].join(" → "));
    if (done.has(module)) return;
    for (const other of imports.get(module) ?? []) visit(other, [...path, module]);
    done.add(module);
  };
  for (const module of imports.keys()) visit(module, []);
});
