# One verb per routine. `make demo` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Where benchmarks keep the texts that they fetch, about 500 MB.
BENCH ?= runs/bench
# pip, not uv: the constraints name the CPU build of torch that pip finds where one is provided.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check bench studies docs clean test-browser test-nightly

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing (about 1.3 GB on disk with torch's CPU build)"
	$(PIP) -e ".[demo]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e ".[dev]"
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## teach a chat model Dutch from the embedded sample, at most 8 minutes on 2 cores; opens a report
	$(BIN)/mothertongue teach --run runs/demo

test: $(VENV)/.dev ## the default tests, without network and GPU
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-browser: $(VENV)/.dev ## looks at the report in headless Chromium
	$(BIN)/python -m pytest -m browser

test-nightly: $(VENV)/.dev ## the long fault programme
	$(BIN)/python -m pytest -m nightly

bench: $(VENV)/.dev .venv-peers/dolma .venv-peers/datatrove ## the project against its peers, as ratios of one run
	$(PIP) -e ".[peers]"
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/identification.py
	$(BIN)/python benchmarks/filters.py $(BENCH)
	$(BIN)/python benchmarks/deduplication.py $(BENCH)
	$(BIN)/python benchmarks/memory.py $(BENCH)

# Peers need older libraries than this project: each has an environment of its own.
.venv-peers/%: benchmarks/peers/%.txt
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

studies: $(VENV)/.dev ## the studies at mini scale
	@for number in 1 14 29 49; do $(BIN)/mothertongue reproduce $$number --scale mini; done

docs: $(VENV)/.dev ## writes the generated pages
	$(BIN)/python -m mothertongue.studies.catalogue docs/methods.md
	$(BIN)/python tests/test_docs.py
	$(BIN)/mothertongue schema --json src/mothertongue/data/recipe.schema.json

clean: ## removes runs and caches, keeps the environment
	rm -rf runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
