# Everything this project does, from a fresh machine with Python 3.11, 3.12 or 3.13.
# `make` alone lists the targets.

VENV   ?= .venv
PEOPLE ?= 5000
AS_OF  ?= 2026-06-30
JOBS   ?= 2

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help install run test lint format ui trust mutants bench bench-identity lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  variables: PYTHON=<interpreter>  VENV=$(VENV)  PEOPLE=$(PEOPLE)  AS_OF=$(AS_OF)  JOBS=$(JOBS)"

install: $(VENV)/.installed ## virtual environment with the locked packages (done once, redone when they change)

run: install ## demo exports (when data/exports is empty), then warehouse, audiences and report
	@if [ -z "$$(ls -A data/exports 2>/dev/null)" ]; then \
	  $(BIN)/cdp demo --people $(PEOPLE) --out data/exports; \
	else \
	  echo "data/exports has files already: no demo exports written"; \
	fi
	@if [ -e data/exports/_demo.json ]; then set -- --as-of $(AS_OF); fi; set -x; $(BIN)/cdp run "$$@"

test: lint ## lint, then every test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: install ## ruff (rules and format) and mypy --strict
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: install ## write the code as ruff formats it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

ui: install ## the Dagster pages on this machine: graph, runs, checks
	$(BIN)/cdp ui

trust: install ## try to break every promise at full scale, and write docs/trust.md (TRUST_ARGS=--quick to try it)
	$(BIN)/python -m cdp_pipeline_tests.trust $(or $(TRUST_ARGS),--out docs/trust.md)

mutants: install ## change the package in 200 places and see which changes no test notices (MUTANTS_ARGS="--packages run")
	$(BIN)/python -m cdp_pipeline_tests.mutants --jobs $(JOBS) $(MUTANTS_ARGS)

bench: install ## the measurements (not part of the tests)
	$(BIN)/python -m pytest -s -o python_files='bench_*.py' cdp_pipeline_tests/benchmarks

bench-identity: install ## measure identity and write docs/benchmarks-identity.md (BENCH_ARGS=--quick to try it)
	$(BIN)/python -m cdp_pipeline_tests.benchmarks.identity $(or $(BENCH_ARGS),--out docs/benchmarks-identity.md)

lock: install ## resolve requirements.lock anew from pyproject.toml
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras --upgrade \
	  --extra test pyproject.toml --output-file requirements.lock
	@if grep -n '://' requirements.lock; then echo "requirements.lock names an address"; exit 1; fi

clean: ## remove the environment, caches and builds; never anything under data/
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find cdp_pipeline cdp_pipeline_tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The newest Python that fits, unless PYTHON names one. Debian ships python3 without ensurepip.
$(VENV)/.installed: requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '' 2>/dev/null; then \
	  fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	  chosen=; bare=; \
	  for python in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
	    "$$python" -c "$$fits" 2>/dev/null || continue; \
	    if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$python; break; fi; \
	    bare=$${bare:-$$python}; \
	  done; \
	  if [ -z "$$chosen" ] && [ -n "$$bare" ]; then \
	    version=$$("$$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    echo "$$bare cannot make a virtual environment: its venv package is missing."; \
	    echo "On Debian and Ubuntu: apt-get install python$$version-venv"; exit 1; \
	  elif [ -z "$$chosen" ]; then \
	    echo "No Python 3.11, 3.12 or 3.13 was found$(if $(PYTHON), at PYTHON=$(PYTHON))."; \
	    echo "On Debian and Ubuntu: apt-get install python3 python3-venv, or name one: make install PYTHON=<interpreter>"; exit 1; \
	  fi; \
	  echo "making $(VENV) with $$("$$chosen" --version)"; \
	  "$$chosen" -m venv --clear "$(VENV)"; \
	fi
	@echo "installing the locked packages into $(VENV); the first time takes a few minutes"
	@$(PIP) install --quiet --only-binary :all: --no-deps --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(PIP) check --quiet
	@touch $@
