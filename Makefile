# The two commands of the README, and what developers use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
IMAGES ?=
STAMP := $(VENV)/.ready
CORE := $(VENV)-core

.PHONY: demo test test-core lint docs bench clean help

help:  ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(STAMP)  ## index generated scenes (or IMAGES=<folder>), search them, write demo/sheet.png
	$(BIN)/terrakin demo demo $(if $(IMAGES),--images "$(IMAGES)")

test: $(STAMP)  ## every test
	$(BIN)/python -m pytest

test-core: $(CORE)/.ready  ## the workflow with the runtime install alone: proves that every extra is optional
	TERRAKIN_CORE=1 $(CORE)/bin/python -m pytest --import-mode=importlib -q -p no:cacheprovider -c tests/core/pytest.ini tests/core

lint: $(STAMP)  ## format, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)  ## the documentation, warnings as errors, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(STAMP)  ## ratios within one run, into benchmarks/results/
	$(BIN)/python -m benchmarks

clean:  ## everything that was made here
	rm -rf $(VENV) $(CORE) demo site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0]'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(CORE)/.ready: pyproject.toml
	test -x $(CORE)/bin/python || $(PYTHON) -m venv $(CORE)
	$(CORE)/bin/python -m pip install --quiet --disable-pip-version-check -e . pytest
	touch $@
