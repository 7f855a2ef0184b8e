# Everything goes through these targets, on a machine that may be fresh. Needed: make and Python 3.11 or newer.
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 1
VENV ?= .venv
BIN = $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
SUDO = $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
APT = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300
PYTEST = $(BIN)/pytest -q --dist worksteal
BROWSER_TESTS = tests/chromium tests/client tests/examples/conduit/chromium
IGNORE_BROWSER = $(BROWSER_TESTS:%=--ignore %)
# Tests often wait for servers and browsers: side by side, they keep two processors busy.
SIDE_BY_SIDE = $(MAKE) --no-print-directory -j 3 $(if $(filter output-sync,$(.FEATURES)),-O)
unexport PYTHONDONTWRITEBYTECODE   # each of the tests' processes would compile everything again

.PHONY: help run site check quick test process-tests browser-tests coverage chaos lint client docs bench audit release browser servers haproxy clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## */make \1	/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.run  ## serve the examples on HOST:PORT with WORKERS processes
	LIVEACTIONS_KEY="$${LIVEACTIONS_KEY:-$$(cat $(VENV)/key)}" $(BIN)/uvicorn examples.app:live \
		--host $(HOST) --port $(PORT) --workers $(WORKERS) \
		--ws websockets-sansio --ws-per-message-deflate false --timeout-graceful-shutdown 5

check: $(VENV)/.dev js/node_modules servers  ## most of it, in about a minute: linters, types, the client, fast tests without a browser
	@$(SIDE_BY_SIDE) quick lint client

quick: $(VENV)/.dev servers
	$(PYTEST) -n 2 -m "not browser and not slow" --cases 10 $(IGNORE_BROWSER)

test: $(VENV)/.dev js/node_modules servers browser  ## everything; the output of each part comes when it has ended
	@$(SIDE_BY_SIDE) process-tests browser-tests lint client docs

process-tests: $(VENV)/.dev servers
	$(PYTEST) -n 2 $(IGNORE_BROWSER)

browser-tests: browser
	$(PYTEST) -n 3 $(BROWSER_TESTS)

chaos: $(VENV)/.dev servers haproxy  ## break three machines, their workers and Redis, for minutes
	$(BIN)/pytest -q -s --chaos -o faulthandler_timeout=0 tests/cluster

lint: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy liveactions examples benchmarks tests docs

client: js/node_modules  ## the client: types, tests in Node, and whether the committed build is the same
ifneq ($(shell command -v npm),)
	cd js && npm run --silent check && npm test --silent && npm run --silent fresh
endif

docs: $(VENV)/.dev  ## the documentation site, in build/site; fails on dead links and on pages missing from its navigation
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

site: docs $(VENV)/key  ## the documentation site with its live examples, on HOST:PORT
	LIVEACTIONS_KEY="$${LIVEACTIONS_KEY:-$$(cat $(VENV)/key)}" $(BIN)/uvicorn --factory docs.app:create \
		--host $(HOST) --port $(PORT) --ws websockets-sansio --timeout-graceful-shutdown 5

bench: $(VENV)/.dev browser  ## ratios, measured side by side on this machine
	$(BIN)/python -m benchmarks

audit: $(VENV)/.dev  ## known vulnerabilities in what users install; says so where they can't be looked up
	$(BIN)/nox -s audit

release: $(VENV)/.dev docs servers audit  ## build what is uploaded into dist/, and check it: contents, tests of the sdist, the wheel installed
	git diff --quiet HEAD || { echo "commit first: there are changes that no commit has"; exit 1; }
	rm -rf dist build/sdist build/wheel
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	mkdir -p build/sdist && tar -xzf dist/*.tar.gz -C build/sdist --strip-components=1
	cd build/sdist && PYTHONPATH=$(CURDIR)/build/sdist $(MAKE) quick VENV=$(abspath $(VENV)) -o $(abspath $(VENV))/.dev
	$(PYTHON) -m venv build/wheel && build/wheel/bin/pip install --quiet dist/*.whl
	cd build && wheel/bin/liveactions --version && wheel/bin/liveactions new wheel/new
	@sha256sum dist/*; echo "Nothing was uploaded. Tag the commit, then: twine upload dist/*"

browser: $(VENV)/.browser

servers:  # the tests start them themselves, in folders of their own
	@missing=""; command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v initdb /usr/lib/postgresql/*/bin/initdb >/dev/null || missing="$$missing postgresql"; \
	if [ -n "$$missing" ]; then echo "installing$$missing, which tests start"; \
		if ! { command -v apt-get >/dev/null && $(APT) update && $(APT) install -y --no-install-recommends $$missing; }; \
		then echo "could not install$$missing: tests that need them are skipped"; fi; fi

haproxy:
	@command -v haproxy /usr/sbin/haproxy >/dev/null || { $(APT) update && $(APT) install -y --no-install-recommends haproxy; }

coverage: $(VENV)/.dev servers  ## branches that no test takes; fails below what was reached
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n 2 --dist worksteal -m "not browser" $(IGNORE_BROWSER)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

clean:  ## remove what these targets made
	rm -rf $(VENV) build dist .nox js/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed (PYTHON=... names one)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(APT) update && $(APT) install -y python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/key: $(BIN)/python
	@$(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(32))' > $@ && chmod 600 $@

$(VENV)/.run: pyproject.toml $(BIN)/python $(VENV)/key
	$(BIN)/pip install --quiet -e '.[examples]' && touch $@

$(VENV)/.dev: pyproject.toml $(BIN)/python
	$(BIN)/pip install --quiet -e '.[dev]' && touch $@

$(VENV)/.browser: $(VENV)/.dev  # the shell takes a quarter of the time; a whole browser will do, too
	@chromium-headless-shell --version >/dev/null 2>&1 \
	|| { command -v apt-get >/dev/null && $(APT) update \
		&& $(APT) install -y --no-install-recommends chromium-headless-shell; } \
	|| for b in chromium chromium-browser google-chrome; do $$b --version >/dev/null 2>&1 && break; done \
	|| $(BIN)/playwright install --with-deps --only-shell chromium
	@touch $@

js/node_modules: js/package-lock.json
ifneq ($(shell command -v npm),)
	cd js && npm ci --silent --no-audit --no-fund && touch node_modules
endif
