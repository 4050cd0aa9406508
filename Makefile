# The two commands of a newcomer are `make demo` and `make test`; each sets up what it needs.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench torture docs pictures clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

.venv/.complete: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; install it or say make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

setup: .venv/.complete  ## Make the virtual environment with the pinned dependencies

demo: setup  ## Record a simulated raid night and look at it
	@$(BIN)/resonance-logs demo

test: setup  ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

lint: setup  ## Check style, types, the direction of imports, and dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/check_vulnerabilities.py

bench: setup  ## Measure speed and size against floors taken in the same run
	@$(BIN)/python -m bench

torture: setup  ## Kill, starve and crowd the program for about an hour; nothing may be lost
	@$(BIN)/python -m torture

docs: setup  ## Write the generated classes of the commands and parts of the pages anew
	@$(BIN)/python tools/generate_facade.py --write
	@$(BIN)/python tools/generate_known_schemas.py --write
	@$(BIN)/python docs/generate.py --write

pictures: setup  ## Take the pictures of the pages anew (needs Chromium)
	@$(BIN)/python docs/take_pictures.py

clean:  ## Remove the virtual environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build src/*.egg-info
