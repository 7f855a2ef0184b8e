import assert from "node:assert/strict";
import { test } from "node:test";
import { adler32 } from "../src/lazy/parsing.js";

test("Adler-32 is that of zlib", () => {
  assert.equal(adler32(""), 1);
  assert.equal(adler32("Wikipedia"), 0x11e60398);
});

test("it is that of the text's UTF-8", () => assert.equal(adler32("ä€😀"), 0x1fe7061f));

test("the sums of long texts don't overflow", () => {
  let low = 1, high = 0;
  for (let i = 0; i < 100_000; i++) high = (high + (low = (low + 0x7f) % 65521)) % 65521;
  assert.equal(adler32("\x7f".repeat(100_000)), high * 65536 + low);
});
