# Two commands, for a fresh machine too: `make demo` and `make test`.
# Both build .venv and reuse it until Python, pyproject.toml or requirements.lock change.
# To choose another Python: PYTHON=python3.12 make test

PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test environment dev-environment
.NOTPARALLEL:

# Both halves: a GAN fitted to points, and the directions of a pretrained generator of faces; then a page of it all.
demo: environment
	@test -f demo/fit/summary.json || $(BIN)/ganatomy fit --recipe recommended --out demo/fit
	@test -f demo/fit/directions/summary.json || $(BIN)/ganatomy sefa demo/fit
	@test -f demo/faces/summary.json || $(BIN)/ganatomy sefa faces --out demo/faces
	@$(BIN)/ganatomy report demo/fit demo/faces --out demo/index.html --title "What Ganatomy does"

# One thread a test process: more would fight over the cores. Types are checked meanwhile, and what is wrong with them
# is said at the end.
test: dev-environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/pyright > .venv/types.log & types=$$!; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal; tested=$$?; \
	wait $$types; typed=$$?; cat .venv/types.log; \
	test $$tested$$typed = 00

environment:
	@extra=; $(INSTALL)

dev-environment:
	@extra=dev; $(INSTALL)

# .venv/ready and .venv/readydev hold what they were made from. The dev environment serves the demo too.
INSTALL = set -e; \
	version='import platform; print(platform.python_version())'; \
	wanted=$$("$(PYTHON)" -c "$$version"); \
	case "$$wanted" in 2.*|3.[0-9].*) \
		echo "$(PYTHON) is Python $$wanted; 3.10 or newer is needed: PYTHON=python3.12 make ..." >&2; exit 1;; esac; \
	key="$$wanted $$(cat pyproject.toml requirements.lock | cksum)"; \
	if cat .venv/ready$$extra* 2>/dev/null | grep -qxF "$$key"; then exit 0; fi; \
	found=$$(.venv/bin/python -c "import pip; $$version" 2>/dev/null || true); \
	test "$$found" = "$$wanted" || "$(PYTHON)" -m venv --clear .venv; \
	rm -f .venv/ready*; \
	echo "Installing into .venv; the first time takes a few minutes"; \
	$(BIN)/python -m pip install --disable-pip-version-check -c requirements.lock -e ".$${extra:+[$$extra]}"; \
	echo "$$key" > .venv/ready$$extra
