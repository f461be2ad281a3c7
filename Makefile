# `make` alone lists the targets: each line that ends in a comment with two hashes.
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-builtin-rules

GO       ?= go
ARGS     ?=
PKG      ?= ./...
RUN      ?= .
BENCH    ?= .
COUNT    ?= 6
FUZZTIME ?= 20s
SOAK     ?= 1h

# Tests also find programs that .ci/setup put into bin/tools.
export PATH := $(CURDIR)/bin/tools:$(PATH)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: web build ## Start a whole demo city on this machine (ARGS="--channels 1000")
	exec bin/sharpeyes demo $(ARGS)

# The command centre's page. Without npm the program is built without it, and says so at /.
PAGE    := gateway/web/app
PAGEIN  := $(PAGE)/package-lock.json $(PAGE)/package.json $(PAGE)/index.html $(wildcard $(PAGE)/*.ts $(PAGE)/*.js $(PAGE)/api/* $(PAGE)/public/*) \
           $(shell find $(PAGE)/src $(PAGE)/scripts -type f -not -name '*.d.ts' 2>/dev/null)
PAGEOUT := gateway/web/built/index.html

.PHONY: web
web: ## Build the command centre's page (needs Node.js 20.19 or later)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(PAGEOUT); \
		else echo 'npm is missing: the program is built without the command centre; install Node.js 20.19 or later' >&2; fi

$(PAGE)/node_modules/.package-lock.json: $(PAGE)/package-lock.json
	cd $(PAGE) && npm ci --no-audit --no-fund
	@touch $@

$(PAGEOUT): $(PAGE)/node_modules/.package-lock.json $(PAGEIN)
	cd $(PAGE) && npm run --silent build

.PHONY: web-test
web-test: $(PAGE)/node_modules/.package-lock.json ## The page: linters, types, unit tests
	cd $(PAGE) && npm run --silent lint && npm test --silent

.PHONY: web-e2e
web-e2e: web build ## The page in Chromium against a demo city (SCREENSHOTS=folder keeps pictures)
	@# Chromium draws by the processor here: a busy machine may be too slow for it once, and not twice.
	cd $(PAGE) && { npm run --silent e2e || npm run --silent e2e; }

.PHONY: bench-page
bench-page: web build ## The page with the whole city against its bars (takes minutes, wants the machine for itself)
	cd $(PAGE) && node e2e/bench.mjs

.PHONY: screenshots
screenshots: web build ## The pictures of docs/ anew
	@mkdir -p docs/pictures
	cd $(PAGE) && SCREENSHOTS=$(CURDIR)/docs/pictures npm run --silent e2e

.PHONY: build
build: ## Build bin/sharpeyes
	$(GO) build -trimpath -buildvcs=auto -o bin/sharpeyes ./cmd/sharpeyes

.PHONY: test
test: lint gosec web-test web unit e2e web-e2e ## Everything that must pass: lint, unit tests with -race, end-to-end tests, the page

.PHONY: unit
unit: ## Unit tests with the race detector (PKG=./config RUN=TestLoad)
	.ci/unit -run '$(RUN)' $(PKG)

.PHONY: e2e
e2e: ## End-to-end tests: the built binary with ffmpeg, GStreamer and nats
	.ci/setup
	$(GO) test -tags e2e -count=1 -timeout 20m -run '$(RUN)' ./gateway/e2e

.PHONY: lint
lint: ## gofmt, go vet, import directions, staticcheck, govulncheck
	@out=$$(git ls-files -co --exclude-standard -- '*.go' | xargs -r gofmt -l); \
		if [ -n "$$out" ]; then printf 'gofmt: not formatted:\n%s\n' "$$out" >&2; exit 1; fi
	.ci/layers
	$(GO) vet ./...
	$(GO) vet -tags e2e ./gateway/e2e
	$(GO) vet -C gateway/e2e/registrybench . || \
		{ echo 'if a requirement is missing there: (cd gateway/e2e/registrybench && go mod tidy)' >&2; exit 1; }
	$(GO) tool staticcheck ./...
	.ci/vuln

.PHONY: gosec
gosec: ## Look for what is dangerous in the code (takes minutes)
	.ci/gosec

.PHONY: bench
bench: ## Benchmarks into bench/new.txt, for `go tool benchstat` (PKG= BENCH= COUNT=)
	@mkdir -p bench
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 60m $(PKG) | tee bench/new.txt

.PHONY: figures
figures: ## Measure the demo city: start, memory, CPU (takes minutes, wants the machine for itself)
	SHARPEYES_FIGURES=1 $(GO) test -tags e2e -count=1 -run TestDemoFigures -v -timeout 60m ./gateway/e2e

.PHONY: bench-registry
bench-registry: build ## The registry at a city's scale against its bars, beside SQLite (takes minutes, wants the machine for itself)
	$(GO) run -C gateway/e2e/registrybench . -binary $(CURDIR)/bin/sharpeyes $(ARGS)

.PHONY: soak
soak: ## Readers that come, go, stall and die for SOAK, while nothing may grow (SOAK=1h)
	SHARPEYES_SOAK=$(SOAK) $(GO) test -tags e2e -count=1 -run TestSoak -v -timeout 0 ./gateway/e2e

.PHONY: bench-streams
bench-streams: build ## Streams against their bars, beside a bare reference relay (takes a quarter of an hour, wants the machine for itself)
	@mkdir -p bin/tools
	$(GO) build -o bin/tools/streamsbench ./gateway/e2e/streamsbench
	bin/tools/streamsbench -binary bin/sharpeyes $(ARGS)

.PHONY: bench-health
bench-health: build ## Health against its bars, and what is reported against what is so (takes 40 minutes, wants the machine for itself)
	@mkdir -p bin/tools
	$(GO) build -o bin/tools/healthbench ./gateway/e2e/healthbench
	bin/tools/healthbench -binary bin/sharpeyes $(ARGS)

.PHONY: bench-motion
bench-motion: build ## Motion against its bars: truth on films, cost, events through the rules (takes ten minutes)
	@mkdir -p bin/tools
	$(GO) build -o bin/tools/motionbench ./gateway/e2e/motionbench
	bin/tools/motionbench -binary bin/sharpeyes $(ARGS)

.PHONY: bench-city
bench-city: ## Three gateways share the reference city, one is killed; then kills and pauses at random for CHAOS (CHAOS=10m)
	SHARPEYES_CITY=1 $(GO) test -tags e2e -count=1 -run TestCityOf -v -timeout 20m ./gateway/e2e
	SHARPEYES_CHAOS=$(CHAOS) $(GO) test -tags e2e -count=1 -run TestChaos -v -timeout 0 ./gateway/e2e

.PHONY: clock
clock: ## Set the clock of one of two gateways to and fro while they work (builds everything anew)
	SHARPEYES_CLOCK=1 $(GO) test -tags e2e -count=1 -run TestClockJumps -v -timeout 20m ./gateway/e2e

.PHONY: upgrade
upgrade: ## Replace three gateways of an earlier version by this one, with readers and edits (FROM=a commit or tag)
	@test -n "$(FROM)" || { echo 'upgrade: say from which version: make upgrade FROM=v1.0.0' >&2; exit 2; }
	@mkdir -p bin/tools
	rm -rf bin/tools/earlier && git worktree prune && git worktree add --detach bin/tools/earlier $(FROM)
	$(GO) build -C bin/tools/earlier -o $(CURDIR)/bin/tools/sharpeyes-earlier ./cmd/sharpeyes; \
		status=$$?; git worktree remove --force bin/tools/earlier; exit $$status
	SHARPEYES_UPGRADE_FROM=$(CURDIR)/bin/tools/sharpeyes-earlier $(GO) test -tags e2e -count=1 -run TestRollingUpgrade -v -timeout 10m ./gateway/e2e

.PHONY: fuzz
fuzz: ## Each fuzz target for FUZZTIME (PKG=)
	.ci/fuzz $(FUZZTIME) $(PKG)

.PHONY: clips
clips: ## Make the simulated cameras' clips anew (needs ffmpeg with libx264 and libx265)
	streams/sim/clips/make.sh

.PHONY: clean
clean: ## Remove what was built; the data folder stays
	rm -rf bin bench $(PAGE)/node_modules && find gateway/web/built -mindepth 1 -not -name README -delete
