# The course in five commands; each of them sets up what it needs. Python: make PYTHON=python3.12 …
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# JupyterLab would handle what a widget says in a thread beside the notebook's: a playground then
# answers at less than half the speed, and an endless answer is harder to stop. And it would ask for
# news over the first page.
LAB_SETTINGS := $(VENV)/etc/jupyter/labconfig/default_setting_overrides.json
APPUTILS := @jupyterlab/apputils-extension

.PHONY: setup lab test notebooks figures lock
.DELETE_ON_ERROR:

# Jupyter refuses to run as root unless told to; in a container there often is nobody else.
lab: setup
	$(VENV)/bin/jupyter lab notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

# nbval apart from the other tests: with --cov it would instrument the notebooks' kernels.
# Its kernels meet an empty progress file, and not the reader's own. Two processes with two BLAS
# threads each would wait for one another.
test: export OPENBLAS_NUM_THREADS := 1
test: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m pytest tests --numprocesses 2 --dist loadfile --cov
	progress=$$(mktemp -d) && trap 'rm -rf "$$progress"' EXIT && COURSEKIT_DATA=$$progress \
		$(PY) -m pytest notebooks --numprocesses 2 --dist loadfile \
		--nbval --nbval-current-env --nbval-cell-timeout 120

notebooks: setup
	$(PY) notebooks/build.py

figures: setup
	$(VENV)/bin/coursekit figures

setup: $(VENV)/ready

# The project itself goes in without --require-hashes, which pip refuses for an editable install.
$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "The course needs Python 3.11 to 3.13, and $(PYTHON) is another:"; $(PYTHON) --version; \
		echo "Name one that you have: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "$(PYTHON) lacks venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p $(dir $(LAB_SETTINGS))
	@echo '{"$(APPUTILS):kernels-settings": {"commsOverSubshells": "disabled"},' \
		'"$(APPUTILS):notification": {"fetchNews": "false", "checkForUpdates": false}}' \
		> $(LAB_SETTINGS)
	@touch $@

# After a change of the dependencies in pyproject.toml; commit the result.
lock: setup
	$(PY) -m uv pip compile pyproject.toml --extra lab --group dev --universal --fork-strategy fewest \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.lock
