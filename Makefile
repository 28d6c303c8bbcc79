# `make demo` renders a small campaign with the embedded provider: no key, no network, free.
# Every target does its own set-up in .venv and is quick when that is done already.

.PHONY: help demo test lint format docs clean

help:
	@echo "make demo     render manifests/campaign.yaml on this machine, free"
	@echo "make test     the tests, those of pages where Chromium is installed"
	@echo "make lint     format, lint and types, as CI checks them"
	@echo "make format   put the sources into the project's format"
	@echo "make docs     write the field tables of docs/manifest.md anew"
	@echo "make clean    remove .venv and caches; outputs/ stays"

demo:
	@.ci/environment
	.venv/bin/sora-batch run manifests/campaign.yaml

test:
	@.ci/environment dev
	.venv/bin/python -m pytest -n 2

lint:
	@.ci/environment dev
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m ruff check .
	.venv/bin/python -m mypy

format:
	@.ci/environment dev
	.venv/bin/python -m ruff format .
	.venv/bin/python -m ruff check --fix .

docs:
	@.ci/environment
	.venv/bin/python -m sora_batch.manifest.fields docs/manifest.md

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
