// The longest increasing subsequence, by patience sorting: O(n log n).
//
// When a list is reordered, the items whose old positions increase from left to right can stay where they are; only the
// others have to move. The longest such subsequence gives the fewest moves. An example, with the old positions in their new
// order:
//
//     3 0 4 1 5 2
//
// Each number goes onto the leftmost pile whose top isn't smaller, else onto a new pile at the right end. The tops always
// increase, so the pile is found by binary search. Each number remembers the top of the pile to its left at that moment:
//
//     3           piles: 3
//     0           piles: 0
//     4 (after 0) piles: 0 4
//     1 (after 0) piles: 0 1
//     5 (after 1) piles: 0 1 5
//     2 (after 1) piles: 0 1 2
//
// There are as many piles as the longest subsequence has numbers. Followed back from the last top it is 0 1 2: three items
// stay, and 3, 4 and 5 move.

/**
 * Return the indices of a longest strictly increasing subsequence, in order.
 * @param {number[]} numbers
 * @returns {number[]}
 */
export function longestIncreasing(numbers) {
  /** @type {number[]} indices of the tops of the piles */
  const tops = [];
  /** @type {number[]} for each index that of its predecessor in a subsequence */
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
