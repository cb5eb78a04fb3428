# Verbs only. `make demo` and `make test` set up what they need on a fresh Debian machine.
.PHONY: $(shell sed -n 's/^\([a-z0-9 -]*\):.*/\1/p' Makefile)
BUILD = build/cp*/
PREFIX = /usr/local

demo:
	@.ci/setup demo
	.venv/bin/python docs/examples/digits.py
	.ci/perl run perl_compat/examples/digits.pl

test:
	@.ci/setup test
	.venv/bin/ctest --test-dir $(BUILD) --output-on-failure --timeout 120 -j 2
	.venv/bin/pytest
	@.ci/install-suite
	.ci/perl test

gallery: # the pictures of docs/gallery
	@.ci/setup demo
	for example in digits digit_strings metric_learning counts; do \
	    .venv/bin/python docs/examples/$$example.py --picture docs/gallery/$$example.png || exit; done

install: # the C library, its header and packages
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" .ci/install

uninstall: # what the last make install put there
	@DESTDIR="$(DESTDIR)" .ci/install remove

sdist: # the source distribution in build/dist, and what is built from it
	@.ci/sdist-suite

package: # what goes to PyPI, in build/dist: built with a C compiler alone, checked, tested; ARGS for pytest
	@.ci/package $(ARGS)

pythons: # the Python suite in every Python of this machine, with the newest and the oldest numpy
	@.ci/pythons $(ARGS)

types: # the annotations, as pyright sees them
	@.ci/types

ci-slices: # a bounded slice of each of the suites below
	@.ci/slices

mxnet: # next to the real MXNet 1.9.1, in an environment of its own
	@.ci/mxnet-suite

bench: # value and gradient next to PyTorch, JAX and MXNet; ARGS="--quick" and other options
	@.ci/bench-suite --json bench.json --picture bench.png $(ARGS)

growth: # time against size, batch, classes, frames and threads
	@.ci/setup demo
	.venv/bin/python tests/bench/growth.py --json growth.json --picture growth.png $(ARGS)

accuracy: # the worst errors next to PyTorch, JAX and MXNet, into docs/accuracy.*; exp, log, log1p of all floats
	@.ci/accuracy

asan asan-clang tsan valgrind coverage arm64 s390x i386 clang musl windows tcc: # the suites in another build
	@.ci/variant $@ $(ARGS)

abi: # the interface of the C library, as programs see it, against its description
	@.ci/abi

.PHONY: docs docs-look docs-recipes
docs: # the documentation site: build/site/html
	@.ci/docs

docs-look: # every page of it in Chromium, desktop and phone, light and dark; screenshots
	@.ci/docs look $(ARGS)

docs-recipes: # the losses as its pages write them for PyTorch, optax and Keras, next to mxloss
	@.ci/docs recipes $(ARGS)

stress: # forks, many threads, no memory, a million calls; PERCENT=5 for less
	@.ci/stress $(PERCENT)

fuzz: # calls, losses, programs and files made by chance; SECONDS=60 for less
	@.ci/fuzz all $(SECONDS)

fmt: # needs clang-format and ruff
	clang-format -i include/*.h src_c/*.[ch] src_c/*/*.h tests/c/*.[ch] tests/c/*.cpp tests/fuzz/*.[ch] \
		docs/examples/*.c docs/examples/*/*.c docs/examples/*/*.cpp
	ruff format mxloss docs src_c tests/tools tests/bench tests/accuracy tests/recipes

clean:
	rm -rf build .venv .mxnet .bench-torch .types .package .pythons .bench-jax
