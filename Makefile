# Every target says what it needs and how long it takes; `make` alone lists them. Nothing here needs root.
# Everything Python lives in .venv; a stamp file per lock makes the second run start at once.
SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
FAULTS := bench/results/faults
# How many random sequences the servers of the models and real ones get, and the first seed of those for valkey-server.
RUNS ?= 400
SEED ?= 1
SIDE_BY_SIDE := sigkill=15 sigkill-empty=15 sigstop-long=15 switchover=15 isolate cut-watchers cut-then-kill priority-trap
BASE_IMAGE ?= python:3.11-slim
IMAGE ?= gungnir:dev
UV_VERSION := 0.13.9
COMMIT = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
ENGINE ?= $(firstword $(foreach tool,docker podman buildah,$(if $(shell command -v $(tool) 2>/dev/null),$(tool))))

# Folders that hold Python files now; mypy and pytest refuse to be given a folder without any.
TYPED = $(foreach d,gungnir spec proofs tests bench,$(if $(shell find $(d) -name '*.py' -print -quit 2>/dev/null),$(d)))
TESTED = $(foreach d,tests spec proofs,$(if $(shell find $(d) -name 'test_*.py' -print -quit 2>/dev/null),$(d)))

.PHONY: help demo test spec spec-full mutants guards prove prove-mutants lint format types layers docs docs-check repl crd manifests bench faults faults-full bench-sentinel lock kube-assets test-kube conformance e2e bench-e2e image sbom clean

help: ## Print this list.
	@printf 'Gungnir. Targets (pass options through with ARGS="..."):\n\n'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.stamp-demo ## Kill a primary and watch the failover. Python >= 3.11 on Linux, nothing else; 1 min to install once, then 90 s.
	@$(BIN)/gungnir demo $(ARGS)

test: $(VENV)/.stamp-test ## Run every test that needs no extra installation, real valkey-server included. Python >= 3.11 on Linux; 30-35 min on two cores.
	$(BIN)/python -m pytest -m "not slow and not e2e" $(TESTED) $(ARGS)

spec: $(VENV)/.stamp-test ## Explore every interleaving of the machines' own functions with a hostile world. 5-10 min.
	$(BIN)/python -m pytest -m "not slow" spec --spec-results bench/results/spec.json $(ARGS)

spec-full: $(VENV)/.stamp-test ## As spec, and the large models, and what must happen in the end of them, and every wrong version. An idle machine; about 60 min.
	$(BIN)/python -m pytest spec $(ARGS)

mutants: $(VENV)/.stamp-test ## Show that the checks can fail: run every wrong version of the code and of the environment. 15-30 min on two cores.
	$(BIN)/python -m spec.mutants $(ARGS)

guards: $(VENV)/.stamp-test ## Drop each guard of the failover machine by itself: the checks must miss it, and tell a story. 15-60 min.
	$(BIN)/python -m spec.mutants.sweep gungnir.machines.failover $(ARGS)

prove: $(VENV)/.stamp-test ## Confirm the laws of the decisions with CrossHair, and prove the protocol for any number of pods with z3. 2-4 min.
	$(BIN)/python -m proofs $(ARGS)

prove-mutants: $(VENV)/.stamp-test ## Show for each law and each claim without bounds a wrong version that breaks it, and drop each guard. 5-8 min.
	$(BIN)/python -m proofs.wrong $(ARGS)
	$(BIN)/python -m proofs.unbounded.mutants
	$(BIN)/python -m proofs.parametric --mutants

lint: $(VENV)/.stamp-dev ## Check style and format with ruff. 5 s.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.stamp-dev ## Rewrite the files in the project's format and apply ruff's safe fixes. 5 s.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.stamp-dev ## Check the types with mypy, strict. 1 min the first time, then seconds.
	$(BIN)/mypy $(TYPED)

layers: $(VENV)/.stamp-dev ## Check which package may import which (import-linter). 5 s.
	$(BIN)/lint-imports

docs: $(VENV)/.stamp-dev ## Regenerate what is generated: CRD, roles, the chart's schema, diagrams, tables, recorded walks, benchmarks. 20 s.
	@$(MAKE) --no-print-directory generate OUT=.

docs-check: $(VENV)/.stamp-dev ## Fail if a generated file differs from what the code says. 15 s.
	@$(MAKE) --no-print-directory generate OUT=build/generated
	@for file in $(GENERATED); do diff -u "$$file" "build/generated/$$file" \
	  || { echo "$$file is not what the code generates: run 'make docs' and commit the result." >&2; exit 1; }; done
	@echo "Generated files are up to date: $(GENERATED)"

repl: $(VENV)/.stamp-demo ## Step through the checked worlds by hand: crash a pod, take a step, see what holds. Starts in 2 s.
	@$(BIN)/gungnir repl $(ARGS)

crd: $(VENV)/.stamp-demo ## Print the CustomResourceDefinition. 2 s.
	@$(BIN)/python -m gungnir.api.crd

manifests: $(VENV)/.stamp-demo ## Write the generated part of deploy/ (CRD, roles), and dist/gungnir.yaml for `kubectl apply -f`. Needs kubectl; 10 s.
	@$(MAKE) --no-print-directory generate OUT=.
	@command -v kubectl > /dev/null || { echo "make manifests needs kubectl (its kustomize part) on PATH." >&2; exit 1; }
	@mkdir -p dist && kubectl kustomize deploy > dist/gungnir.yaml.tmp && mv dist/gungnir.yaml.tmp dist/gungnir.yaml
	@echo "dist/gungnir.yaml"

bench: $(VENV)/.stamp-test ## Measure the figures of the README and write bench/results/*.json. Linux, an idle machine; about 30 min.
	$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.stamp-test ## Do each fault three times to the operator under load; fails if a promise was broken. Linux; about 20 min.
	$(BIN)/python -m bench.faults --times 3 --commit $(COMMIT) --out $(FAULTS)/gungnir.json $(ARGS)

faults-full: $(VENV)/.stamp-test ## Random faults and pairs of them until stopped (Ctrl-C, or ARGS="--minutes 180"), with a running table. Some 400 in 60 min.
	$(BIN)/python -m bench.faults --storm --commit $(COMMIT) --out $(FAULTS)/storm.json $(ARGS)

bench-sentinel: $(VENV)/.stamp-test ## Operator, Valkey Sentinel and plain replication side by side at 1 s and 5 s. An idle machine; 90 min.
	$(BIN)/python -m bench.faults --contestant gungnir --contestant sentinel --contestant none --times 5 --as-shipped --commit $(COMMIT) \
	  --down-after-ms 1000 --down-after-ms 5000 $(SIDE_BY_SIDE:%=--nemesis %) --out $(FAULTS)/side-by-side.json $(ARGS)

lock: $(VENV)/.stamp-python ## Resolve lock/*.txt anew from pyproject.toml, hashes included. Needs a package index; 20 s.
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@UPGRADE="$(UPGRADE)" lock/update.sh $(BIN)/uv $(BIN)/python

kube-assets: ## Build the real Kubernetes programs of tests/kube: etcd, kube-apiserver, kube-controller-manager, kubectl, helm. Needs Go; 10-15 min once.
	tests/kube/assets/build.sh $(ARGS)

test-kube: $(VENV)/.stamp-test ## Run tests/kube with every real program there, none skipped. Needs `make kube-assets` or KUBEBUILDER_ASSETS; 3-8 min.
	GUNGNIR_REQUIRE_KUBE=1 $(BIN)/python -m pytest tests/kube $(ARGS)

conformance: $(VENV)/.stamp-test ## Give the servers of the models and real ones more and other random requests: SEED=n, RUNS=n. Linux; some 15 min.
	GUNGNIR_MODEL_RUNS=$(RUNS) $(BIN)/python -m pytest tests/kube/model $(ARGS)
	GUNGNIR_MODEL_SEEDS="$$(seq -s ' ' $(SEED) $$(($(SEED) + 19)))" $(BIN)/python -m pytest tests/live/fence/test_model_against_servers.py $(ARGS)

e2e: $(VENV)/.stamp-test ## Run tests/e2e on a Kubernetes cluster in network namespaces. Root on Linux; what else: docs/e2e.md; 20 min after 30 of builds.
	tests/e2e/run.sh $(ARGS)

bench-e2e: $(VENV)/.stamp-test ## Measure the faults of docs/benchmarks.md on that cluster; fails if a target is missed. As e2e, an idle machine; 25 min.
	tests/e2e/run.sh bench $(ARGS)

image: ## Build the operator's container image. Needs docker, podman or buildah; 2 min.
	@test -n "$(ENGINE)" || { echo "make image needs docker, podman or buildah on PATH." >&2; exit 1; }
	$(ENGINE) build --build-arg BASE_IMAGE=$(BASE_IMAGE) --build-arg COMMIT=$(COMMIT) --tag $(IMAGE) $(ARGS) .

sbom: $(VENV)/.stamp-python lock/sbom.txt ## Write dist/gungnir.cdx.json: every Python package of the image with version and hashes, as CycloneDX. 30 s.
	@mkdir -p dist && $(BIN)/python -m venv build/sbom-tool
	@build/sbom-tool/bin/pip install --disable-pip-version-check --quiet --require-hashes --only-binary :all: -r lock/sbom.txt
	build/sbom-tool/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/gungnir.cdx.json lock/image.txt

clean: ## Remove everything that make created, the virtual environment included.
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .gungnir
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is generated, and by which module. A generator that fails leaves the old file alone.
CHART := deploy/chart/gungnir-operator
GENERATED := deploy/crds/valkeyclusters.yaml deploy/rbac/cluster_role.yaml deploy/rbac/role.yaml deploy/namespaced/role.yaml \
  $(CHART)/crds/valkeyclusters.yaml $(CHART)/templates/_rules.tpl $(CHART)/values.schema.json \
  docs/machines.md docs/rbac.md docs/settings.md docs/repl.md proofs/CLAIMS.md \
  docs/benchmarks.md docs/benchmarks/outages.svg docs/benchmarks/timelines.svg \
  docs/benchmarks/spans-sigkill.svg docs/benchmarks/spans-switchover.svg
.PHONY: generate
generate:
	@set -e; put() { mkdir -p "$$(dirname "$(OUT)/$$1")"; \
	    if $(BIN)/python -m "$${@:2}" > "$(OUT)/$$1.tmp"; then mv "$(OUT)/$$1.tmp" "$(OUT)/$$1"; else rm "$(OUT)/$$1.tmp"; return 1; fi; }; \
	  put deploy/crds/valkeyclusters.yaml gungnir.api.crd; \
	  put deploy/rbac/cluster_role.yaml gungnir.runtime.roles cluster-role; \
	  put deploy/rbac/role.yaml gungnir.runtime.roles lease-role; \
	  put deploy/namespaced/role.yaml gungnir.runtime.roles namespaced-role; \
	  put $(CHART)/crds/valkeyclusters.yaml gungnir.api.crd; \
	  put $(CHART)/templates/_rules.tpl gungnir.runtime.roles chart; \
	  put $(CHART)/values.schema.json gungnir.runtime.settings_schema $(CHART)/values.schema.json; \
	  put docs/machines.md gungnir.machines.diagram; \
	  put docs/rbac.md gungnir.runtime.roles markdown; \
	  put docs/settings.md gungnir.runtime.settings_docs; \
	  put docs/repl.md spec.repl.recording; \
	  put proofs/CLAIMS.md proofs.claims; \
	  put docs/benchmarks.md bench.faults.report; \
	  put docs/benchmarks/outages.svg bench.faults.report outages; \
	  put docs/benchmarks/timelines.svg bench.faults.report timelines; \
  put docs/benchmarks/spans-sigkill.svg bench.spans draw sigkill; \
  put docs/benchmarks/spans-switchover.svg bench.spans draw switchover

# The first interpreter that runs, is new enough and can make virtual environments; PYTHON=... is tried before the others.
$(VENV)/.stamp-python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then found="$$python"; break; fi; \
	done; \
	test -n "$${found:-}" || { echo "Gungnir needs Python 3.11 or newer with its venv module (on Debian: apt-get install python3 python3-venv)." >&2; \
	  echo "None of python3.13, python3.12, python3.11, python3 is that; name another one with: make PYTHON=/path/to/python ..." >&2; exit 1; }; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	  echo "==> Creating $(VENV) with $$("$$found" --version)" >&2; "$$found" -m venv --clear $(VENV); \
	fi
	@touch $@

# One recipe for every lock: pinned wheels with hashes, then the project itself, editable, built by the pinned setuptools.
# It talks on stderr, so that `make crd > FILE` holds the CRD alone.
$(VENV)/.stamp-%: $(VENV)/.stamp-python lock/%.txt lock/build.txt pyproject.toml
	@exec >&2; total=$$(cat lock/$*.txt lock/build.txt | grep -c '==') && set -o pipefail && \
	echo "==> Installing the pinned packages of lock/$*.txt into $(VENV)" && \
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --only-binary :all: -r lock/$*.txt -r lock/build.txt \
	  | awk -v total="$$total" '/^Collecting /{n++; printf "    [%d/%d] %s\n", n, total, $$2} /^Requirement already/{n++} \
	    /^Installing collected/{print "    unpacking " n " packages"} {fflush()}' && \
	echo "==> Installing gungnir itself" && \
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@
