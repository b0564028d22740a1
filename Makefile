# Zollstock. Two commands are enough: `make run` and `make test`.
PORT ?= 8000
DATA ?= ./data
HOST ?= 127.0.0.1
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for one in python3 python3.11 python3.12 python3.13; do \
  $$one -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$one; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
JS := tests/js

# What Python has compiled it keeps, whatever the surroundings say: our tests start servers again and again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test moments check bench chaos lock browsers chromium faults clean screenshots format

run: $(VENV)/run.stamp
	@$(BIN)/python -m server demo --data $(DATA) --host $(HOST) --port $(PORT)

# Three workers for two cores: a test that waits for a browser, a disk or a killed server leaves its core to another.
# Up to two tests of a browser are run once more, as Playwright's template does; what they fell over is printed all the same.
test: $(VENV)/test.stamp $(JS)/node_modules/.stamp browsers faults
	timeout 1300 $(BIN)/python -m pytest -n 3 --dist loadfile --max-suite-reruns 2 --rerun-show-tracebacks

# The tests without browsers at moments that are apart from today: the firm's day ahead of ours at the turn of a year,
# in summer, on a leap day, while summer time begins and ends. A quarter of an hour on two cores.
MOMENTS := "2026-12-31 22:58" "2027-07-15 22:10" "2028-02-29 11:00" "2027-03-28 00:57" "2027-10-31 00:30"
moments: $(VENV)/test.stamp faults
	@for at in $(MOMENTS); do echo "at $$at"; MOMENT="$$at" timeout 900 $(BIN)/python -m pytest -q -p tests.moments \
	  -n 3 --dist loadfile --ignore tests/browser --ignore tests/proofs || exit 1; done

check: $(VENV)/test.stamp $(JS)/node_modules/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd $(JS) && npx --no-install tsc --noEmit -p tsconfig.dom.json && npx --no-install tsc --noEmit -p tsconfig.worker.json

bench: $(VENV)/test.stamp chromium
	$(BIN)/python -m bench

# All faults in their full size, one to two hours on two cores; the figures go into docs/reliability.md.
chaos: $(VENV)/test.stamp faults browsers
	$(BIN)/python -m tests.chaos
	ZOLLSTOCK_FULL=1 timeout 2400 $(BIN)/python -m pytest -q tests/proofs/test_model.py tests/talk/test_doors.py tests/talk/test_gate.py tests/talk/test_once.py tests/talk/test_schedules.py

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

screenshots: $(VENV)/test.stamp chromium
	$(BIN)/python tools/screenshots.py

# The lock files hold hashes and no index address, so that any mirror serves.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/run.lock
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/test.lock

clean:
	rm -rf $(VENV) $(JS)/node_modules bench/*/node_modules

browsers:
	@tools/browsers.sh

chromium:
	@tools/browsers.sh chromium

faults:
	@tools/faults.sh

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Zollstock needs Python 3.11 or newer, with venv."; exit 1; }
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python requirements/run.lock
	@echo "Installing what Zollstock needs (locked, with hashes) …"
	@test -e $(VENV)/test.stamp || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@touch $@

$(VENV)/test.stamp: $(VENV)/bin/python requirements/test.lock
	@echo "Installing what the tests need (locked, with hashes) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@

$(JS)/node_modules/.stamp: $(JS)/package-lock.json
	@tools/node.sh $(JS)
	@touch $@
