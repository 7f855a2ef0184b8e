// Calls refuse arguments that wouldn't arrive as they are, before anything is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../src/call.js";

const file = new File(["x"], "notes.txt");
const refused = {
  "a file": [{ file }, /^shop:add\.file: a call can't take files/],
  "a file in a list": [{ files: [file] }, /^shop:add\.files\.0: a call can't take files/],
  "a form's data": [{ data: new FormData() }, /^shop:add\.data: a call can't take files or forms/],
  "a BigInt": [{ n: 2n ** 60n }, /^shop:add\.n: integers beyond .* pass 1152921504606846976 as a string/],
  "a Map": [{ n: new Map() }, /^shop:add\.n: \[object Map\] can't be sent/],
  "a typed array in a list": [{ n: [new Uint8Array(1)] }, /^shop:add\.n\.0: 0 can't be sent/],
  "not a number": [{ n: NaN }, /^shop:add\.n: NaN can't be sent/],
  "infinity": [{ n: -Infinity }, /^shop:add\.n: -Infinity can't be sent/],
  "a function": [{ f: Math.max }, /^shop:add\.f: function max/],
  "a symbol": [{ s: Symbol("x") }, /^shop:add\.s: Symbol\(x\) can't be sent/],
  "an integer that isn't exact": [{ order: { id: 2 ** 53 } }, /^shop:add\.order\.id: integers beyond/],
};

for (const [name, [args, message]] of Object.entries(refused)) {
  test(name, () => assert.rejects(call("shop:add", args), { name: "TypeError", message }));
}

test("what JSON can hold is sent", async () => {
  const args = { text: "x", n: 2 ** 53 - 1, half: 0.5, large: 1.5e300, nothing: null, list: [1, { a: true }], when: new Date(0), none: undefined, bare: Object.create(null), own: new (class { a = 1; })() };
  // There is no page here: the first thing that a call does is to look for its script.
  await assert.rejects(call("shop:add", args), { name: "ReferenceError", message: /document/ });
});

for (const [changes, name] of [[true, "a call that has changed cookies tells the other tabs"], [false, "a call that hasn't tells nobody"]]) {
  test(name, async () => {
    const page = { document: { querySelector: () => null }, localStorage: {}, fetch: async () => new Response('{"result":3}', { headers: changes ? { "Live-Cookies": "1" } : {} }) };
    const before = Object.fromEntries(Object.keys(page).map((key) => [key, Object.getOwnPropertyDescriptor(globalThis, key)]));
    for (const [key, value] of Object.entries(page)) Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
    try {
      assert.equal(await call("shop:add", {}), 3);
      assert.equal("live" in page.localStorage, changes);
    } finally {
      for (const [key, value] of Object.entries(before)) {
        if (value) Object.defineProperty(globalThis, key, value);
        else delete globalThis[key];
      }
    }
  });
}
