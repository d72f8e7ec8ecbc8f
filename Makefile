# Millrace: `make help` says what there is.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first of these that is new enough; `make demo PYTHON=/path/to/python3.12` names another one.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13; do \
	$$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && exit; done; echo python3)
WORKFLOW ?= digits
GOAL ?= $(or $(firstword $(MAKECMDGOALS)),demo)
VENV := .venv
BIN := $(VENV)/bin
ROOM_MIB := 3072
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help
help: ## Show this help
	@echo "Millrace carries raw data to predictions in Apache Airflow."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: PYTHON (3.11 to 3.13), WORKFLOW (for demo), MILLRACE_PORT, MILLRACE_HOME;"
	@echo "for images: ACCELERATOR (cpu or gpu), BASE (an image with Python 3.11), BUILD_ARGS."

.PHONY: demo
demo: $(VENV)/.installed ## Run a workflow from raw images to predictions (WORKFLOW=digits)
	@$(BIN)/millrace demo $(WORKFLOW)

.PHONY: up
up: $(VENV)/.installed ## Start Airflow here
	@$(BIN)/millrace up

.PHONY: down
down: ## Stop everything that demo or up started
	@if [ -x $(BIN)/millrace ]; then $(BIN)/millrace down; else echo "Nothing is installed."; fi

.PHONY: status
status: $(VENV)/.installed ## Show what runs
	@$(BIN)/millrace status

.PHONY: install
install: $(VENV)/.installed ## Make the virtual environment

# Extras outside requirements.txt, in the versions that were tested where the tests know them.
EXTRAS ?= mlflow openlineage
PINS := $(VENV)/constraints.txt

.PHONY: extras
extras: $(VENV)/.installed ## Add optional packages (EXTRAS="mlflow ocr openlineage gs abfs")
	@sed -nE 's/ \\$$//; /^[A-Za-z0-9]/p' requirements-test.txt > $(PINS)
	@for extra in $(EXTRAS); do $(INSTALL) -c $(PINS) -e ".[$$extra]" || exit 1; done

.PHONY: test
test: lint types unit ## Check everything: lint, types, tests

.PHONY: lint
lint: $(VENV)/.installed-test ## Check the style and the layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

.PHONY: types
types: $(VENV)/.installed-test ## Check the types
	@$(BIN)/mypy

# Each process imports TensorFlow: 1 to 2 GiB.
TESTERS ?= 2

.PHONY: unit
unit: $(VENV)/.installed-test ## Run the tests (ARGS="-k name" for some, TESTERS=4 at a time)
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: format
format: $(VENV)/.installed-test ## Bring the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What Airflow's processes and the embedded installation need; what the tests need beside it.
# `gs` and `abfs` bring clients of clouds that no test can reach.
USED := airflow train s3 postgres docker kubernetes
TESTED := $(USED) celery fab mlflow ocr openlineage test
SERVED := airflow s3 postgres docker kubernetes celery fab mlflow openlineage
PERFORMED := s3

LOCK := uv pip compile pyproject.toml --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --quiet --custom-compile-command "make lock"
EVERYWHERE := --universal --python-version 3.11
IN_IMAGE := --python-platform x86_64-manylinux_2_28 --python-version 3.11
IMAGES := include/images
extras = $(addprefix --extra ,$(1))

.PHONY: lock
lock: ## Resolve the requirements anew (needs uv)
	@rm -f requirements.txt requirements-test.txt
	@$(MAKE) --no-print-directory relock

.PHONY: relock
relock: ## Resolve the requirements, keeping the versions that still fit (needs uv)
	@$(LOCK) $(EVERYWHERE) $(call extras,$(TESTED)) -o requirements-test.txt
	@rm -f $(IMAGES)/airflow/requirements.txt $(IMAGES)/trainer/requirements-?pu.txt
	@$(LOCK) -c requirements-test.txt $(EVERYWHERE) $(call extras,$(USED)) -o requirements.txt
	@$(LOCK) -c requirements-test.txt $(IN_IMAGE) $(call extras,$(SERVED)) \
		-o $(IMAGES)/airflow/requirements.txt
	@$(LOCK) -c requirements-test.txt $(IN_IMAGE) $(call extras,train $(PERFORMED)) \
		-o $(IMAGES)/trainer/requirements-cpu.txt
	@$(LOCK) -c requirements-test.txt $(IN_IMAGE) $(call extras,train-gpu $(PERFORMED)) \
		-o $(IMAGES)/trainer/requirements-gpu.txt

# The images, of this checkout. BASE: any image with Python 3.11 and its module venv. BUILD_ARGS: more
# arguments of `docker build`, such as "--build-arg PIP_INDEX_URL=…" or "--network host".
ACCELERATOR ?= cpu
TRAINER_IMAGE ?= millrace-trainer:$(ACCELERATOR)
AIRFLOW_IMAGE ?= millrace-airflow
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' include/millrace/__init__.py)
REVISION = $(shell git describe --always --abbrev=40 --exclude '*' --dirty 2>/dev/null || echo unknown)
BUILD = docker build $(if $(BASE),--build-arg BASE=$(BASE)) $(BUILD_ARGS) \
	--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION)

.PHONY: images
images: trainer-image airflow-image ## Build the trainer and the Airflow image (ACCELERATOR=gpu)

.PHONY: trainer-image
trainer-image: check-docker
	@$(BUILD) --build-arg ACCELERATOR=$(ACCELERATOR) -t $(TRAINER_IMAGE) \
		-t $(TRAINER_IMAGE)-$(VERSION) -f $(IMAGES)/trainer/Dockerfile .

.PHONY: airflow-image
airflow-image: check-docker
	@$(BUILD) -t $(AIRFLOW_IMAGE):latest -t $(AIRFLOW_IMAGE):$(VERSION) \
		-f $(IMAGES)/airflow/Dockerfile .

COMPOSE ?= docker compose

.PHONY: stack
stack: check-docker ## Start the stack of a team in Docker (docs/deployment.md)
	@PYTHONPATH=include $(PYTHON) -m stack.environment --version $(VERSION)
	@$(COMPOSE) --profile build $(if $(filter gpu,$(ACCELERATOR)),--profile gpu) build
	@$(COMPOSE) up --detach --wait

.PHONY: stack-status
stack-status: ## Show what runs of the stack
	@$(COMPOSE) ps

.PHONY: stack-down
stack-down: ## Stop the stack; its data stay, its containers' caches go
	@$(COMPOSE) rm --stop --force --volumes
	@$(COMPOSE) down

.PHONY: check-docker
check-docker:
	@if [ "$(ACCELERATOR)" != cpu ] && [ "$(ACCELERATOR)" != gpu ]; then \
		echo "ACCELERATOR is cpu or gpu, not $(ACCELERATOR)." >&2; exit 1; fi
	@command -v docker >/dev/null || { \
		echo "Building images needs Docker: https://docs.docker.com/engine/install/" >&2; \
		exit 1; }
	@said=$$(docker version --format '{{.Server.Version}}' 2>&1) || { \
		echo "No Docker daemon answers: $$said. Start it, or set DOCKER_HOST." >&2; exit 1; }

.PHONY: clean
clean: down ## Stop Airflow and remove the virtual environment; results stay in .millrace
	@rm -rf $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml
	@$(MAKE) --no-print-directory GOAL=$(GOAL) check-python check-room environment
	@echo "Installing the locked requirements (some minutes the first time) …"
	@$(call install,requirements.txt)
	@touch $@

$(VENV)/.installed-test: requirements-test.txt requirements.txt pyproject.toml
	@$(MAKE) --no-print-directory GOAL=$(GOAL) check-python check-room environment
	@echo "Installing the locked requirements of the tests (some minutes the first time) …"
	@$(call install,requirements-test.txt)
	@touch $(VENV)/.installed $@

# As constraints, too: pip looks past a pin where a package asks for it with an extra.
ifdef UV
INSTALL := uv pip install --quiet --python $(BIN)/python
install = $(INSTALL) --compile-bytecode -r $(1) -c $(1) && $(INSTALL) --no-deps -e .
create = uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
install = $(INSTALL) -r $(1) -c $(1) && $(INSTALL) --no-deps -e .
create = $(PYTHON) -m venv $(VENV)
endif

.PHONY: environment
environment:
	@$(BIN)/python -c '$(SUITABLE)' 2>/dev/null || { \
		rm -rf $(VENV); \
		$(create) || { \
			rm -rf $(VENV); \
			echo "The virtual environment could not be made. On Debian and Ubuntu, install the" \
				"package python3-venv; or install uv, which needs nothing else." >&2; \
			exit 1; }; }

.PHONY: check-python
check-python:
	@$(PYTHON) -c '$(SUITABLE)' 2>/dev/null || { \
		echo "Millrace needs Python 3.11, 3.12 or 3.13; $(PYTHON) is" \
			"$$($(PYTHON) --version 2>/dev/null || echo not there)." \
			"Name another one: make $(GOAL) PYTHON=/path/to/python3.12" >&2; \
		exit 1; }

.PHONY: check-room
check-room:
	@free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1024) }'); \
	used=$$(du -sm $(VENV) 2>/dev/null | cut -f1); \
	if [ $$((free + $${used:-0})) -lt $(ROOM_MIB) ]; then \
		echo "The installation needs $(ROOM_MIB) MiB in $$PWD; $$free MiB are free." \
			"Free some, or move the checkout to another disk." >&2; \
		exit 1; fi
