// Finds the longest increasing subsequence by patience sorting, in O(n log n).
//
// When a list is reordered, items whose old positions are in increasing order can stay in place, and only the others have to
// move. The longest such subsequence leads to the fewest moves. For example, the items in their new order have these old
// positions:
//
//     3 0 4 1 5 2
//
// Each number is put on the leftmost pile whose top isn't smaller, or on a new pile at the right. The tops are always in
// increasing order, so a binary search finds the pile. Each number also remembers the top of the pile to its left at that moment:
//
//     3           piles: 3
//     0           piles: 0
//     4 (after 0) piles: 0 4
//     1 (after 0) piles: 0 1
//     5 (after 1) piles: 0 1 5
//     2 (after 1) piles: 0 1 2
//
// The number of piles is the length of the longest subsequence. To find it, follow the remembered tops back from the last pile:
// 2 after 1 after 0. So 0, 1 and 2 stay in place, and 3, 4 and 5 move.

/**
 * Return the indices of a longest strictly increasing subsequence, in order.
 * @param {number[]} numbers
 * @returns {number[]}
 */
export function longestIncreasing(numbers) {
  /** @type {number[]} for each pile, the index of its top */
  const tops = [];
  /** @type {number[]} for each index, the index of the number before it in its subsequence */
  const previous = [];
  numbers.forEach((number, i) => {
    let low = 0, high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[tops[middle]] < number) low = middle + 1;
      else high = middle;
    }
    previous[i] = tops[low - 1];
    tops[low] = i;
  });
  const found = Array(tops.length);
  for (let at = tops.length - 1, i = tops[at]; at >= 0; i = previous[i]) found[at--] = i;
  return found;
}
