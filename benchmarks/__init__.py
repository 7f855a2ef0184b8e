"""Benchmarks: ratios, measured side by side in one run. Start them with ``make bench``."""
