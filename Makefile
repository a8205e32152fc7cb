# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# PYTHON=... picks the interpreter, VENV=... the folder of the environment.

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONSTRAINTS := -c constraints.txt
SOURCES := setup.cfg pyproject.toml constraints.txt

# Two test processes share two cores, so each library gets one thread; the package runs its own workers.
TEST_ENV := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MPLBACKEND=Agg NEUROGEOM_QUICK=1

.DEFAULT_GOAL := help
.PHONY: help demo test lint format gallery clean

help:
	@echo 'make demo    set up, then the main job: digits through every layer of a network, with a report'
	@echo 'make test    set up, then lint, types and all tests'
	@echo 'make lint    ruff and mypy only'
	@echo 'make format  let ruff mend what it can'
	@echo 'make gallery every figure and report, also empty ones, into build/gallery'
	@echo 'make clean   remove the environment and what tools left'

demo: $(VENV)/ready
	$(BIN)/neurogeom demo

test: lint
	EAGER_IMPORT=1 $(BIN)/python -c 'import neurogeom'
	$(TEST_ENV) $(BIN)/python -m pytest -q -n 2 --dist worksteal --doctest-modules neurogeom tests

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

gallery: $(VENV)/ready
	$(BIN)/python docs/gallery.py build/gallery

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last, so that an interrupted set-up is taken up again and a finished one is quick.
$(VENV)/created:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it with: make demo PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Setting up $(VENV) with $(PYTHON) (a few minutes the first time)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch comes first and alone: the version pinned here is the CPU build, others would bring gigabytes of CUDA.
$(VENV)/torch: $(VENV)/created constraints.txt
	$(PIP) install $(CONSTRAINTS) torch
	@touch $@

$(VENV)/ready: $(VENV)/torch $(SOURCES)
	$(PIP) install $(CONSTRAINTS) -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(PIP) install $(CONSTRAINTS) -e '.[dev]'
	@touch $@
