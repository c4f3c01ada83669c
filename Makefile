# Everything a fresh clone needs: Python 3.11 or newer, git, make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint states bench faults clean lock

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

run: $(VENV)/.run ## repair the bundled samples (ARGS="…" goes to `stillwater run`)
	@$(BIN)/stillwater run $(ARGS)

test: $(VENV)/.dev ## run the tests, files side by side on up to four cores
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev ## ruff and mypy --strict
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

states: $(VENV)/.run ## make states.md from the machine
	@$(BIN)/python -m stillwater.states > states.md.new && mv states.md.new states.md

bench: $(VENV)/.dev ## measure what is claimed about speed (ARGS="--only slots batch"), write bench/RESULTS.md
	@$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.dev ## break runs in every way for hours (ARGS="--minutes 60 --seed 1"), write the table
	@$(BIN)/python -m tests.faults --write docs/reliability.md $(ARGS)

lock: $(VENV)/.dev ## pin the requirements again from pyproject.toml
	@$(BIN)/pip install -q uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate pyproject.toml requirements/build.in -o requirements/run.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra swebench --extra service --extra ray --extra postgres --group dev \
	  -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra swebench --extra service -c requirements/dev.txt \
	  pyproject.toml requirements/build.in -o requirements/service.txt
	@for peer in dbos mini-swe-agent; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate bench/peers/$$peer.in -o bench/peers/$$peer.txt || exit 1; done

clean: ## remove the environment and caches; databases and their folders stay
	rm -rf $(VENV) .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stillwater needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/.made
	@echo "Installing the pinned requirements …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what the tests need …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
