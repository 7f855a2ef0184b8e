"""A browser without a browser, for tests of live pages."""
