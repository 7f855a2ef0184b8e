import assert from "node:assert/strict";
import { test } from "node:test";
import { longestIncreasing } from "../src/lazy/increasing.js";

/** The length by dynamic programming. @param {number[]} numbers */
function longest(numbers) {
  /** @type {number[]} */
  const lengths = [];
  for (const [i, number] of numbers.entries()) lengths[i] = 1 + Math.max(0, ...lengths.filter((_, j) => numbers[j] < number));
  return Math.max(0, ...lengths);
}

test("the example", () => assert.deepEqual(longestIncreasing([3, 0, 4, 1, 5, 2]), [1, 3, 5]));
test("nothing", () => assert.deepEqual(longestIncreasing([]), []));
test("all in order", () => assert.deepEqual(longestIncreasing([2, 5, 7]), [0, 1, 2]));
test("all reversed", () => assert.equal(longestIncreasing([3, 2, 1, 0]).length, 1));
test("equal numbers don't increase", () => assert.equal(longestIncreasing([1, 1, 1]).length, 1));

test("every order of seven", () => {
  /** @param {number[]} rest @param {number[]} chosen */
  const visit = (rest, chosen) => {
    if (!rest.length) {
      const found = longestIncreasing(chosen).map((i) => [i, chosen[i]]);
      for (let i = 1; i < found.length; i++) assert.ok(found[i - 1][0] < found[i][0] && found[i - 1][1] < found[i][1], `${chosen}`);
      assert.equal(found.length, longest(chosen), `${chosen}`);
    }
    for (const next of rest) visit(rest.filter((other) => other !== next), [...chosen, next]);
  };
  visit([0, 1, 2, 3, 4, 5, 6], []);
});

test("comparisons grow with n log n", () => {
  const n = 10_000;
  let reads = 0;
  const numbers = Array.from({ length: n }, (_, i) => (i * 7919) % n);
  longestIncreasing(new Proxy(numbers, { get: (target, name) => (reads++, Reflect.get(target, name)) }));
  assert.ok(reads < 4 * n * Math.log2(n), `${reads}`);
});
