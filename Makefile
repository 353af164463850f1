# make up     install into .venv (first time) and start the exchange on 127.0.0.1:8800
# make test   lint, types, tests with the pure core, core tests with the compiled core
# make fast   compile the core with mypyc (needs a C compiler); `tradepit --version` says which runs
# make soak   the long runs          make bench   what it costs, in ratios
# make clean  remove everything that was made here
#
# make up ARGS="--port 9000 --memory"   hands flags to `tradepit up`

.DEFAULT_GOAL := help
.PHONY: help up test lint types test-pure test-compiled fast soak bench clean

ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
STAMPS := $(VENV)/.stamps
# The newest Python of 3.11 or later that is installed; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$p && break; done)
PYTEST := $(PY) -m pytest -q
# On all cores; a file's tests stay together, as they share what they started.
PARALLEL := -n auto --dist loadfile
# What runs with both cores: all that drives the core itself.
CORE_TESTS := $(wildcard tests/golden tests/scenarios tests/futures tests/twins tests/journal tests/market \
	tests/market_data tests/streams/test_windows.py)

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -7

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "tradepit needs Python 3.11 or later with its venv module" \
	"(Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/app: pyproject.toml | $(VENV)/bin/python
	@echo "Installing tradepit and what it runs on …"
	@$(PIP) install --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/fast: pyproject.toml | $(STAMPS)/app
	@echo "Installing the core's compiler …"
	@$(PIP) install --editable '.[fast]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need: pytest, mypy, ruff and the client libraries …"
	@$(PIP) install --editable '.[test]'
	@$(PIP) install --upgrade --no-deps --target $(VENV)/futures-connector \
		'binance-futures-connector>=4.1,<5'
	@mkdir -p $(STAMPS) && touch $(STAMPS)/app $(STAMPS)/fast $@

$(STAMPS)/bench: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the benchmarks compare with …"
	@$(PIP) install --editable '.[bench]'
	@mkdir -p $(STAMPS) && touch $(STAMPS)/app $@

up: $(STAMPS)/app
	@test -d src/tradepit/_fast || test -n "$$TRADEPIT_PURE" || \
		echo "The core runs uncompiled; with a C compiler, 'make fast' makes it faster."
	@exec $(VENV)/bin/tradepit up $(ARGS)

fast: $(STAMPS)/fast
	@$(PY) tools/compile_core.py

test: $(STAMPS)/test
	@$(MAKE) --no-print-directory lint types test-compiled test-pure

lint: $(STAMPS)/test
	@echo "Lint …"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(STAMPS)/test
	@echo "Types …"
	@$(PY) -m mypy

# CPython parses a line of source to mark a place in a traceback, and one told of while another file
# is parsed (an object's last words) breaks that parse (3.11): tests go without the marks.
test-compiled test-pure soak: export PYTHONNODEBUGRANGES = 1

# No C compiler is the one reason to go without (exit code 4); TRADEPIT_NEED_FAST=1 forbids that.
test-compiled: $(STAMPS)/test
	@$(PY) tools/compile_core.py; code=$$?; \
	if [ $$code = 4 ] && [ -z "$$TRADEPIT_NEED_FAST" ]; then \
		echo "The core's tests run with the pure core only."; exit 0; fi; \
	[ $$code = 0 ] || exit $$code; \
	echo "Tests of the core, compiled …"; $(PYTEST) $(PARALLEL) --core=compiled $(CORE_TESTS)

test-pure: $(STAMPS)/test
	@echo "All tests, pure core …"
	@TRADEPIT_PURE=1 $(PYTEST) $(PARALLEL) --core=pure

soak: $(STAMPS)/test fast
	@$(PYTEST) -m soak

bench: $(STAMPS)/bench fast
	@$(PY) -m bench

clean:
	@rm -rf $(VENV) src/tradepit/_fast build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
