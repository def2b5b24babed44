# The commands of this project; `make help` lists them.

PYTHON ?= python3
UV ?= uv

# `make test-python` has an environment of its own for each Python.
VENV ?= .venv
BIN := $(VENV)/bin
# One -q hides progress, the second what pip warns of; errors still show.
# Python compiles what it imports, so pip need not compile everything.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install --no-compile

# Hundreds of processes start in the tests, and each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: bench clean cluster coverage demo fuzz help hostile lint lock quick-tests reference run sabotage test test-cluster test-node test-postgresql test-python tests upgrade verifier

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile

run: $(VENV)/run.stamp ## serve http://localhost:8000, its data under ./data
	@exec $(BIN)/ledger serve

demo: $(VENV)/run.stamp ## serve a ledger with people and statements to try, its data under ./demo
	@exec $(BIN)/ledger demo

# Whole files on as many processes as there are processors: a file's fixtures are made once. The
# files keep their order, or the longest of few tests would come last and leave processors idle.
PYTEST := $(BIN)/python -m pytest -q
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

# These tests wait for servers, browsers, clocks and disks most of the time: two processes for each
# processor, and one more, keep the processors busy.
WAITING := -n $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN) + 1))) --dist loadfile --no-loadscope-reorder

# The quickest checks first: a fault in a unit is told within a minute or two. The types are checked
# on one processor meanwhile.
test: $(VENV)/test.stamp ## everything a change must pass: lint, and all tests, in a real browser too
	@$(TOOLS)
	@$(BIN)/python tests/browser/install_browser.py
	@$(MAKE) --no-print-directory -j2 lint quick-tests
	$(PYTEST) $(WAITING) tests/integration tests/browser
	$(PYTEST) tests/hostile

quick-tests: $(VENV)/test.stamp
	$(PYTEST) $(PARALLEL) tests/unit tests/golden tests/repository tests/fuzz

tests: $(VENV)/test.stamp
	@$(TOOLS)
	@$(MAKE) --no-print-directory quick-tests
	$(PYTEST) $(PARALLEL) tests/integration
	$(PYTEST) tests/hostile

test-python: ## the unit and integration tests on another Python: make test-python PYTHON=python3.13
	@$(MAKE) --no-print-directory VENV=.venv-$(notdir $(PYTHON)) tests

# Servers and workers that the tests start are measured too, unless they are killed.
coverage: $(VENV)/test.stamp ## how much of the code the unit and integration tests run
	@$(TOOLS)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q $(PARALLEL) tests/unit tests/golden tests/integration
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Each process of tests starts a PostgreSQL of its own, from a package.
test-postgresql: $(VENV)/test.stamp ## the integration and browser tests with the servers' logs in PostgreSQL
	@$(TOOLS)
	@$(BIN)/python tests/browser/install_browser.py
	TESTS_DATABASE=postgresql $(PYTEST) $(WAITING) $(POSTGRESQL_TESTS)

POSTGRESQL_TESTS ?= tests/integration tests/browser

NPM := npm install --silent --no-audit --no-fund --no-package-lock \
	|| { echo "npm could not install what package.json names: these tests need its registry." >&2; exit 1; }

test-node: $(VENV)/test.stamp ## what needs Node.js: JavaScript's JOSE libraries, generated clients, and the conformance runner of MCP
	@command -v npm >/dev/null || { echo "make test-node needs Node.js 20 or newer, with npm." >&2; exit 1; }
	cd tests/vectors/node && { $(NPM); } && node generate.mjs --check
	cd tests/node && $(NPM)
	@$(MAKE) --no-print-directory VENV=.venv-clients .venv-clients/clients.stamp
	$(PYTEST) -s tests/node

verifier: $(VENV)/test.stamp ## write web/verify.html, the offline verifier, anew from web/verify
	$(BIN)/python -m tests.browser.make_verifier

reference: $(VENV)/test.stamp ## write what docs/ takes from elsewhere: commands, pictures of the rooms, the trust model, quotas, answers
	$(BIN)/python -m tests.support.commands_reference
	$(BIN)/python -m tests.support.architecture_pictures
	$(BIN)/python -m tests.support.promises
	$(BIN)/python -m tests.support.route_quotas
	$(BIN)/python -m tests.support.who_reads
	$(BIN)/python -m tests.support.audit_howto

# Some minutes: it breaks each promise of docs/promises in a copy, and its test has to fail there.
sabotage: $(VENV)/test.stamp ## break each promise of the trust model on purpose, and see its test fail
	@$(TOOLS)
	$(BIN)/python -m tests.support.sabotage

lint: $(VENV)/test.stamp ## style, types, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

hostile: $(VENV)/test.stamp ## attack a server in full, alone and through nginx and Caddy; the figures go to docs/reference/limits.md
	@$(PROXIES)
	$(PYTEST) tests/hostile/through_proxies.py
	@$(BIN)/python -m tests.hostile
	@$(BIN)/python tests/browser/install_browser.py
	@$(BIN)/python -m tests.differential
	LEDGER_HOSTILE=long $(PYTEST) $(PARALLEL) tests/integration/http/test_openapi.py tests/integration/http/test_openapi_walk.py
	@$(MAKE) --no-print-directory fuzz

cluster: $(VENV)/test.stamp ## try a cluster: three database nodes, three servers and a proxy at http://localhost:8000
	@$(CLUSTER)
	@$(MAKE) --no-print-directory VENV=.venv-cluster .venv-cluster/cluster.stamp
	@exec $(BIN)/python -m tests.cluster

test-cluster: $(VENV)/test.stamp ## kill, freeze and part the nodes of a replicated database and of servers on it
	@$(CLUSTER)
	@$(MAKE) --no-print-directory VENV=.venv-cluster .venv-cluster/cluster.stamp
	$(PYTEST) tests/cluster

FUZZ_SECONDS ?= 60
FUZZ_AT_ONCE ?= 1

# atheris has no wheel for every platform, so it is no dependency of the tests: an environment apart.
fuzz: ## fuzz every parser that reads what strangers send, a minute each: make fuzz FUZZ_SECONDS=3600 FUZZ_AT_ONCE=16
	@$(MAKE) --no-print-directory VENV=.venv-fuzz .venv-fuzz/fuzz.stamp
	@PYTHONPATH=src:. .venv-fuzz/bin/python -m tests.fuzz $(FUZZ_SECONDS) $(FUZZ_AT_ONCE)

bench: $(VENV)/test.stamp ## measure, as ratios against peers and limits: make bench ARGS="--quick pages"
	@$(BIN)/python -m benchmarks $(ARGS)

# The lock files hold for every platform and for every Python from 3.11 on. The one with everything
# comes first, and the others take their versions from it. No option of a tool's own configuration
# may leave an index or a path in them.
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links
lock: ## write requirements*.txt anew from pyproject.toml, changing no more than it must
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or say where it is with UV=/path/to/uv." >&2; exit 1; }
	$(LOCK) $(LOCKFLAGS) pyproject.toml --extra server --extra async --extra hsm --extra keyring --extra mcp --extra oidc --extra postgresql --group dev -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra server -o requirements.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra async -o requirements-async.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra server --extra hsm -o requirements-hsm.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra keyring -o requirements-keyring.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra mcp -o requirements-mcp.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra server --extra oidc -o requirements-oidc.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml --extra server --extra postgresql -o requirements-postgresql.txt
	$(LOCK) -c requirements-dev.txt pyproject.toml -o requirements-verify.txt
	$(LOCK) -c requirements-dev.txt --group build -o requirements-build.txt
	$(LOCK) -c requirements-dev.txt --group clients -o requirements-clients.txt
	$(LOCK) -c requirements-dev.txt --group cluster -o requirements-cluster.txt

upgrade: LOCKFLAGS := --upgrade
upgrade: lock ## the same, with the newest versions that pyproject.toml allows

clean: ## delete what the tools made; never ./data
	rm -rf .venv .venv-* .coverage .coverage.* build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

# A stamp is younger than what it was installed from, so a second `make run` installs nothing.
$(VENV)/run.stamp: requirements.txt requirements-build.txt pyproject.toml
	@$(ENVIRONMENT)
	@echo "Installing what ledger needs into $(VENV) …"
	@$(PIP) --require-hashes -r requirements.txt -r requirements-build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt pyproject.toml
	@$(ENVIRONMENT)
	@echo "Installing what ledger and its tests need into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-cluster/cluster.stamp: requirements-cluster.txt
	@$(ENVIRONMENT)
	@echo "Installing what a cluster needs into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-cluster.txt
	@touch $@

.venv-clients/clients.stamp: requirements-clients.txt
	@$(ENVIRONMENT)
	@echo "Installing what generates a client into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-clients.txt
	@touch $@

.venv-fuzz/fuzz.stamp: requirements-verify.txt tests/fuzz/requirements.txt
	@$(ENVIRONMENT)
	@$(PIP) --require-hashes -r requirements-verify.txt
	@$(PIP) --require-hashes -r tests/fuzz/requirements.txt
	@touch $@

# Make the environment, unless it is there and works.
define ENVIRONMENT
$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	command -v $(PYTHON) >/dev/null || { \
		echo "ledger needs Python 3.11 or newer, and there is no $(PYTHON) here: install it, or name one with make PYTHON=/path/to/python3." >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ledger needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): name a newer one with make PYTHON=/path/to/python3." >&2; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment, for its venv or ensurepip module is missing: install it (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }; \
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; }
endef

# The proxies whose configurations the documentation has.
define PROXIES
command -v nginx >/dev/null && command -v caddy >/dev/null || { \
	[ "$$(id -u)" = 0 ] && apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends nginx caddy; } >&2 || { \
		echo "make hostile needs nginx and Caddy: install them." >&2; exit 1; }
endef

# etcd keeps the database's nodes agreed on which of them is the primary.
define CLUSTER
command -v etcd >/dev/null && command -v caddy >/dev/null && command -v ip >/dev/null || { \
	[ "$$(id -u)" = 0 ] && apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends etcd-server caddy iproute2; } >&2 || { \
		echo "A cluster needs etcd 3.4 or newer, Caddy and iproute2: install them." >&2; exit 1; }
endef

# Programs of others that the tests hold ours against: openssl for our formats; SoftHSM and OpenSC
# for keys in a token; ssh-agent; strace for power cuts. Without one of them the tests that need it fail, they are not skipped.
define TOOLS
for tool in openssl softhsm2-util pkcs11-tool ssh-agent strace; do command -v $$tool >/dev/null || { missing=1; }; done; \
[ -z "$$missing" ] || { \
	[ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends openssl softhsm2 opensc openssh-client strace; } >&2 || { \
		echo "The tests need openssl 3.0 or newer, SoftHSM 2, OpenSC, ssh-agent and strace: install them (Debian and Ubuntu: openssl softhsm2 opensc openssh-client strace)." >&2; exit 1; }
endef
