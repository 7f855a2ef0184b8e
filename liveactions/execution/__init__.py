"""Running a page: guards, action, load, render and commit, whichever way it is reached."""
