"""One op on a page: guard, action, load, and what becomes of it."""
