# make demo, make test, make docs: each sets up what it needs in .venv, once.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test docs format install

demo: install
	$(BIN)/keras-vabc demo

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2

docs: install
	$(BIN)/sphinx-build -W --keep-going -n -q docs docs/_build
	@echo "The pages are in docs/_build/index.html."

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/.installed

.venv/.installed: setup.py pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@
