// Adler-32, as zlib has it.

const PRIME = 65521;
const SPAN = 5552; // bytes after which the sums may get too large

/** @param {string} text whose UTF-8 counts */
export function adler32(text) {
  const bytes = new TextEncoder().encode(text);
  let low = 1, high = 0;
  for (let from = 0; from < bytes.length; from += SPAN) {
    const to = Math.min(from + SPAN, bytes.length);
    for (let i = from; i < to; i++) high += low += bytes[i];
    low %= PRIME;
    high %= PRIME;
  }
  return high * 65536 + low;
}
