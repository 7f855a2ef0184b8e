"""Runs of pages: guards, action, load, render and commit, whichever way the page was reached."""
