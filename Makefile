# Copydesk: each target sets up what it needs. `make run` and `make test` are all a newcomer has to know.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DATA ?= ../shared/data
SEEDS := seeds/messy/conflict-90-brigade-relocation-messy.txt seeds/stories/health-05-hip-waits.txt \
	seeds/stories/weather-01-late-frost.txt

.PHONY: help setup run write serve test lint models bench clean

help:
	@echo "make run     set up, then label and summarise some stories of seeds/ with the shipped models"
	@echo "make write   the same in a small language model's own words (downloads 240 MB more; Gemma Terms of Use)"
	@echo "make serve   set up, then open a page and an API on this machine"
	@echo "make test    set up, then run the tests"
	@echo "make lint    ruff and mypy"
	@echo "make models  train the shipped models again from DATA=$(DATA)"
	@echo "make bench   measure speed and quality beside other tools (not part of the tests)"
	@echo "make setup   only make .venv, with the copydesk command in it"

.venv/.setup: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Copydesk needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	@echo "Installing Copydesk into .venv (about a minute with a warm connection) ..."
	$(PIP) install "$(shell grep '^torch==' constraints.txt)"
	$(PIP) install --constraint constraints.txt --editable ".[train]"
	touch $@

.venv/.dev: .venv/.setup
	$(PIP) install --constraint constraints.txt --editable ".[train,web,dev]"
	touch $@

.venv/.bench: .venv/.dev
	$(PIP) install --constraint constraints.txt --editable ".[train,web,dev,bench]"
	touch $@

.venv/.abstractive: .venv/.setup
	$(PIP) install --constraint constraints.txt --editable ".[train,abstractive]"
	touch $@

.venv/.web: .venv/.setup
	$(PIP) install --constraint constraints.txt --editable ".[train,web]"
	touch $@

setup: .venv/.setup

run: .venv/.setup
	$(BIN)/copydesk predict $(SEEDS)

write: .venv/.abstractive
	$(BIN)/copydesk predict --engine abstractive $(SEEDS)

serve: .venv/.web
	$(BIN)/copydesk serve

test: .venv/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

models: .venv/.setup
	DATA=$(DATA) PATH="$(abspath $(BIN)):$$PATH" sh models/pretrained/train.sh

bench: .venv/.bench
	DATA=$(DATA) PATH="$(abspath $(BIN)):$$PATH" sh tests/benchmarks/run.sh

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
