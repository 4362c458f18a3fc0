# make demo   the main job: a branch, bots, and a page to walk in   (ARGS="--headless --seconds 10")
# make test   every test
# make check  format, lint, types, quick tests: before a commit
# make bench  benchmarks/
# make blender  the tests that need Blender: fetches bpy, 1 GB, once
# make fuzz   broken files, ten minutes a reader (ARGS="glb --seconds 60")
# Everything begins with `make setup`, which is quick when nothing has changed.

SHELL := /bin/bash
BIN := .venv/bin
NPM := webxr_bridge/npm
ARGS ?=

.PHONY: setup demo test check lint pyright mypy shim format quick bench constraints docs picture pictures fuzz blender clean

setup:
	@bash .ci/setup >&2

demo: setup
	@$(BIN)/branchxr demo $(ARGS)

# A missing tool fails here instead of skipping. Real ports, processes and browsers go last: they
# wait more than they work, so that two at a time share two cores.
test: setup
	BRANCHXR_REQUIRE_TOOLS=1 $(BIN)/pytest -n 2 --dist loadfile -q -m "not (end_to_end or browser or blender)" $(ARGS)
	BRANCHXR_REQUIRE_TOOLS=1 $(BIN)/pytest -n 2 --dist loadfile -q -m "end_to_end or browser" $(ARGS)

check: setup lint quick

lint: setup
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	@$(MAKE) --no-print-directory -j2 --output-sync=target pyright mypy shim

pyright:
	$(NPM)/node_modules/.bin/pyright --warnings

mypy:
	$(BIN)/mypy

shim:
	npm --prefix $(NPM) run --silent check

format: setup
	$(BIN)/ruff format -q .
	$(BIN)/ruff check -q --fix .

quick: setup
	$(BIN)/pytest -n 2 --dist loadfile -q -m "not (end_to_end or browser or tool or fuzz)"

# Blender is GPL: a program of its own over files, here as bpy in an environment of its own.
blender: setup
	[ -x build/blender/bin/python ] || python3 -m venv build/blender
	build/blender/bin/pip install -q --disable-pip-version-check bpy==5.0.1
	BRANCHXR_BLENDER=$(CURDIR)/build/blender/bin/python BRANCHXR_REQUIRE_TOOLS=1 $(BIN)/pytest -q -m blender $(ARGS)

fuzz: setup
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

docs: setup
	$(BIN)/python -m branchxr.server.reference > docs/http.md
	$(BIN)/python -m branchxr_assets.formats_page > docs/formats.md

picture: setup
	$(BIN)/python docs/picture.py

# Before and after each preset: docs/artists/presets.md and its pictures.
pictures: setup
	$(BIN)/python docs/preset_pictures.py

# After a change of dependencies in pyproject.toml: take the newest that fit, and pin them.
constraints:
	rm -rf build/fresh && python3 -m venv build/fresh
	build/fresh/bin/pip install -q 'pip>=25.1'
	build/fresh/bin/pip install -q -e '.[all]' --group dev
	(echo '# made by: make constraints'; build/fresh/bin/pip freeze --exclude-editable) > constraints.txt
	rm -rf build/fresh

clean:
	rm -rf .venv .stamps build $(NPM)/node_modules webxr_bridge/branchxr_webxr/static
