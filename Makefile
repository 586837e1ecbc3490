# AIA MAS. `make` alone explains the targets. All paths are relative: the folder's name may hold spaces.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

# What a caller may set: make run ARGS="--port 9000", make test ARGS="-k ledger", make PYTHON=python3.13 test
ARGS ?=
PYTHON ?=
VENV ?= .venv

bin = "$(VENV)/bin/"
export PYTHON
# Empty means no. Tests start hundreds of processes, and each would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

# $(call environment,base|dev): the environment, up to date. Tested Python versions are preferred.
define environment
@if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; \
else set -- python3.13 python3.12 python3.11 python3 python3.14 python; fi; \
for python in "$$@"; do \
    if "$$python" -c 'import ensurepip, fcntl, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
        exec "$$python" requirements/install.py --venv "$(VENV)" $(if $(PYTHON),--exactly) $(1); \
    fi; \
done; \
echo "error: no suitable Python among: $$*" >&2; \
echo "It takes Python 3.11 or newer with its modules venv and ensurepip (on Debian and Ubuntu also the" >&2; \
echo "package python3-venv). Elsewhere installed? Say where: make PYTHON=/path/to/python3 ..." >&2; \
exit 1
endef

##@ Use
.PHONY: run
run: base ## Start the server with an embedded PostgreSQL in ./.mas (ARGS="--port 9000")
	@exec $(bin)mas serve $(ARGS)

.PHONY: demo
demo: base ## See a living system: a server and a simulated fleet (ARGS="--agents 50")
	@exec $(bin)mas demo $(ARGS)

.PHONY: doctor
doctor: base ## Look for what would keep the server from running here
	@exec $(bin)mas doctor $(ARGS)

##@ Work on it
.PHONY: test
test: dev ## Run all tests (ARGS="-k ledger -x")
	$(bin)pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: coverage
coverage: dev ## Run all tests, slower, and report which lines and branches they reach
	$(bin)pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

.PHONY: unit
unit: dev ## Run the fast tests only: no database, no network
	$(bin)pytest tests/unit $(ARGS)

.PHONY: test-long
test-long: dev ## Run the stories made up at random for long: an hour or more (ARGS="-k whole")
	HYPOTHESIS_PROFILE=thorough $(bin)pytest tests/unit/communication tests/unit/economy \
	    tests/unit/domain tests/unit/life \
	    -n auto --dist loadfile -k "machine or test_life" -o faulthandler_timeout=0 $(ARGS)

.PHONY: bench
bench: dev ## Measure the speed (alone on the machine, please)
	$(bin)pytest tests/benchmarks -m bench -s -p no:cacheprovider $(ARGS)

.PHONY: check
check: lint formatted types contracts ## Run all checks that need no test

.PHONY: lint
lint: dev ## Look for mistakes (ruff)
	$(bin)ruff check $(ARGS) .

.PHONY: format
format: dev ## Put the code into the one format, and fix what can be fixed
	$(bin)ruff check --fix-only --quiet .
	$(bin)ruff format .

.PHONY: formatted
formatted: dev ## Tell whether the code is in that format
	$(bin)ruff format --check .

.PHONY: types
types: dev ## Check the types (mypy, strict)
	$(bin)mypy $(ARGS)

.PHONY: contracts
contracts: dev ## Check who imports whom (import-linter, the contracts in pyproject.toml)
	$(bin)lint-imports --no-logo

.PHONY: build
build: dev ## Build the wheel into dist/
	rm -rf build dist
	$(bin)python -m build --wheel --no-isolation --quiet .
	@rm -rf build
	@ls dist/*.whl

.PHONY: client
client: dev ## Write the Python client anew from the OpenAPI document (aia/client)
	$(bin)python .ci/client/generate.py $(ARGS)

.PHONY: socket-types
socket-types: dev ## Write the TypeScript types of the sockets anew (examples/typescript/mas.ts)
	$(bin)python -m aia_mas.interfaces.realtime.asyncapi examples/typescript/mas.ts

.PHONY: pins
pins: dev ## Write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	$(bin)python requirements/pin.py $(ARGS)

.PHONY: clean
clean: ## Remove what was built and cached; keep .venv and the data in .mas
	rm -rf build dist *.egg-info htmlcov .coverage .coverage.* .benchmarks .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the environment too; keep the data in .mas
	rm -rf "$(VENV)" .venv.lock .links

##@ Environments (made when needed)
.PHONY: base
base: ## Install what it takes to run into .venv
	$(call environment,base)

.PHONY: dev
dev: ## Install what it takes to test and check, too
	$(call environment,dev)

.PHONY: help
help: ## Show this
	@echo 'make TARGET'
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-14s%s\n", $$1, $$2 }' Makefile
