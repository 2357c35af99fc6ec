.DEFAULT_GOAL := help

GO       ?= go
FUZZTIME ?= 30s
BENCHTIME ?= 1s
ONLY     ?=
PKGS     := ./...

.PHONY: help run build tools test race lint bench fuzz golden long mutate

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

run: build ## Start on http://127.0.0.1:8080 with a demo user, data in ./data
	@exec ./bin/mfaflow dev --data ./data

build: ## Build bin/mfaflow, static
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/mfaflow ./cmd/mfaflow

tools: ## Install what tests use besides Go: Chromium
	@for c in chromium chromium-browser google-chrome; do command -v $$c >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "Chromium is missing, which tests of passkeys use. Install it (Debian: sudo apt-get install chromium)."; exit 1; fi

test: tools ## Run all tests, those of the embedded service on both stores
	$(GO) test -timeout 20m $(PKGS)
	$(GO) test ./connector/embedded -store bolt

race: tools ## Run all tests under the race detector
	$(GO) test -race -timeout 30m $(PKGS)
	$(GO) test -race -timeout 30m ./connector/embedded -store bolt

lint: ## gofmt, vet, staticcheck
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) tool -modfile=.ci/tools.mod staticcheck $(PKGS)

bench: ## Run the benchmarks (BENCHTIME=1s)
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PKGS)

fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@set -e; for pkg in $$($(GO) list $(PKGS)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

golden: ## Rewrite golden files from what the code does now
	$(GO) test ./flows ./capabilities -update

long: ## The slow suites: 500 kill cycles each of store and server, 1,000-round races
	$(GO) test -count=1 -timeout 60m -v -run 'R01KillUnderLoad' ./store/bolt -cycles 500
	$(GO) test -count=1 -timeout 60m -v -run 'TestKill' ./cmd/mfaflow -cycles 500
	$(GO) test -count=1 -timeout 60m -run 'X1PowerCuts' ./cmd/mfaflow -cuts
	$(GO) test -count=1 -timeout 60m -run 'NothingProven' ./cmd/mfaflow -changes
	$(GO) test -count=1 -timeout 60m -race -run 'A02' ./connector/embedded -rounds 1000

mutate: ## Break security code in one place at a time and see a test fail; slow, not in CI (ONLY=internal/otp,engine/)
	$(GO) run ./.ci/mutate -only '$(ONLY)'
