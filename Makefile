# One entry point for every check. `make` alone says what there is.
STACK ?= small
CLOUD ?=
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := sizing components infra cli policy tests tools benchmarks __main__.py

.DEFAULT_GOAL := help
.PHONY: help setup preview size fit findings test check unit prove engine real docs lock clean

help: ## What each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 14

$(VENV)/.runtime: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.runtime ## Create .venv with what the program needs

preview: $(VENV)/.runtime ## Show every resource of a stack, without any account: make preview STACK=large
	@$(BIN)/gateway preview $(STACK) $(if $(CLOUD),--cloud $(CLOUD))

size: $(VENV)/.runtime ## Show what a stack needs and orders
	@$(BIN)/gateway size $(STACK) $(if $(CLOUD),--cloud $(CLOUD))

fit: $(VENV)/.runtime ## Show whether every pod of a stack finds a node
	@$(BIN)/gateway fit $(STACK) $(if $(CLOUD),--cloud $(CLOUD))

findings: $(VENV)/.runtime ## Show where a stack differs from the guide, and why
	@$(BIN)/gateway findings $(STACK) $(if $(CLOUD),--cloud $(CLOUD))

test: check unit ## Everything that needs Python only

check: $(VENV)/.dev ## Format, lint, types, import contracts, generated files
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/basedpyright -p pyproject.toml
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate_docs --check

unit: $(VENV)/.dev ## The tests
	@$(BIN)/python -m pytest -n auto

prove: $(VENV)/.dev ## The real Kubernetes scheduler agrees with the model; builds it with Go once
	@$(BIN)/python -m pytest tests/prove

engine: $(VENV)/.dev ## The real Pulumi engine runs every stack on simulated clouds; builds it with Go once
	@$(BIN)/python -m tools.go_tool pulumi
	@$(BIN)/python -m pytest tests/engine -n auto

real: $(VENV)/.dev ## Generated configuration runs in real programs; installs them (Debian, as root)
	@$(BIN)/python -m tests.real.install
	@$(BIN)/python -m pytest tests/real

docs: $(VENV)/.dev ## Write the generated pages, and the parts of others that are facts
	@$(BIN)/python -m tools.generate_docs
	@$(BIN)/python -m tools.docs_monitoring
	@$(BIN)/python -m tools.readme

lock: $(VENV)/.dev ## Resolve requirements*.in into exact versions with hashes
	@for file in requirements requirements-dev policy/requirements; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	    --quiet --output-file $$file.txt $$file.in || exit 1; done

clean: ## Remove what the targets made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info
