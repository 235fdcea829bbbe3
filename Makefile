# Eunomia's front door. `make help` lists the commands; CONTRIBUTING.md tells more.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
# Where the real data are, if anywhere; tests that need them skip without.
export EUNOMIA_SHARED ?= $(abspath ../shared)

# In CI a warning is an error; at home another compiler's new warning should stop nobody.
CONFIGURE_OPTIONS := $(if $(CI),-DEUNOMIA_WERROR=ON)

# Configures once for each state of the presets; afterwards ninja runs CMake when a CMake file changed.
define configure # (preset, folder)
	@if [ ! -e $(2)/build.ninja ] || [ CMakePresets.json -nt $(2)/build.ninja ]; then \
	  cmake --preset $(1) $(CONFIGURE_OPTIONS) && touch $(2)/build.ninja; fi
endef

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## install what the build needs and is missing
	@scripts/setup build

.PHONY: build
build: setup ## build/eunomia, and the unit tests
	$(call configure,release,build)
	@ninja -C build -j $(JOBS)

.PHONY: run
run: setup ## build, then serve a small shop that it generates
	$(call configure,release,build)
	@ninja -C build -j $(JOBS) eunomia
	@build/eunomia up --demo --data build/demo

.PHONY: test
test: ## build, then every test: units (SQLite and PostgreSQL), the rooms' arrows, the command line
	@scripts/setup build test clients
	$(call configure,release,build)
	@ninja -C build -j $(JOBS)
	@scripts/with-postgres scripts/test

.PHONY: check
check: ## format, clang-tidy, the rooms' arrows, no machine paths
	@scripts/setup build check
	@scripts/check

.PHONY: asan
asan: ## the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/setup build test
	$(call configure,asan,build/asan)
	@ninja -C build/asan -j $(JOBS)
	@scripts/with-postgres ctest --preset asan

.PHONY: tsan
tsan: ## the unit tests under ThreadSanitizer
	@scripts/setup build test
	$(call configure,tsan,build/tsan)
	@ninja -C build/tsan -j $(JOBS)
	@scripts/with-postgres setarch -R ctest --preset tsan

.PHONY: fuzz
fuzz: ## every fuzz target for EUNOMIA_FUZZ_SECONDS (60)
	@scripts/setup build fuzz
	$(call configure,fuzz,build/fuzz)
	@ninja -C build/fuzz -j $(JOBS) fuzz/all
	@JOBS=$(JOBS) scripts/fuzz run

.PHONY: soak
soak: asan tsan ## what takes longer: both sanitizers, fuzzing, then every test with its long rounds
	@EUNOMIA_FUZZ_SECONDS=$${EUNOMIA_FUZZ_SECONDS:-300} $(MAKE) fuzz
	@scripts/setup clients-more
	@EUNOMIA_SOAK=1 $(MAKE) test

.PHONY: bench
bench: ## each headline number beside its peer; rewrites docs/benchmarks.md
	@scripts/setup build bench clients
	$(call configure,release,build)
	@ninja -C build -j $(JOBS)
	@.venv/bin/python bench/run.py

.PHONY: clean
clean: ## remove what was built; .deps and .venv stay
	@rm -rf build
