"""Runs of pages: guards, action, load, render and commit, for every kind of request."""
