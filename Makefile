# SPDX-License-Identifier: GPL-3.0-or-later
# Every target is one call of tools/dev.py, which also works where there is no make.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python)
DEV = $(PYTHON) tools/dev.py

.PHONY: help demo test test-blender5 zip bench clean

help:
	@echo "make demo            encode and rebuild the sample cow; look into output/"
	@echo "make test            style, types, tests, the extension zip, tests in Blender 4.5"
	@echo "make test-blender5   tests in Blender 5.2 (needs Python 3.13)"
	@echo "make zip             the extension for this machine, in dist/ (ARGS=--all for every platform)"
	@echo "make bench           the table of times and errors (ARGS are passed on)"
	@echo "make clean           remove environments, caches, builds and output"

demo test test-blender5 zip bench clean:
	@$(DEV) $@ $(ARGS)
