# make help lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# How long the load lasts, and how it rises and falls, in demo, compare and load.
DURATION ?= 8m
LOAD ?= sine:min=100,max=1900,period=4m

# Which demo: main, or heartbeat, which loses TaskManagers and has a load of its own.
SCENARIO ?= main

# What the HPA goes by: lag, busy or desired; by default what the sample's hpa.yaml says. And which of them compare runs.
POLICY ?=
POLICIES ?= lag,busy,desired

# What bench measures: all, or some of kafka, adapter, admission, reads, flink and jobs.
PART ?= all

# What the images' names begin with, and their tag.
REPOSITORY ?=
VERSION ?= dev

BED := .cache/bin/bed
IMAGES = .cache/bin/images --root . --repository '$(REPOSITORY)' --version '$(VERSION)'

# The programs of lint, vulncheck, verify and update: their versions, and the files that they are built into.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
CONTROLLER_GEN_VERSION := v0.23.0
GOLANGCI_LINT := .cache/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOVULNCHECK := .cache/bin/govulncheck-$(GOVULNCHECK_VERSION)
CONTROLLER_GEN := .cache/bin/controller-gen-$(CONTROLLER_GEN_VERSION)

# What makes Go code of .proto files. protoc comes from Maven, where its version has the 4 of its Java library in front.
PROTOC_VERSION := 4.35.1
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
PROTOC := .cache/bin/protoc-$(PROTOC_VERSION)
PROTOC_GEN_GO := .cache/bin/protoc-gen-go-$(PROTOC_GEN_GO_VERSION)
PROTOC_GEN_GO_GRPC := .cache/bin/protoc-gen-go-grpc-$(PROTOC_GEN_GO_GRPC_VERSION)

# Which version of the module with Go's vulnerability database.
VULNDB ?= latest

.PHONY: help demo compare test test-unit test-e2e verify update lint lint-fix vulncheck playground playground-down load bench build images image-archive push-images tools bed

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

demo: bed ## the main job, on real parts, while you watch (POLICY, DURATION, LOAD, SCENARIO)
	@exec $(BED) demo --root . --scenario $(SCENARIO) --policy '$(POLICY)' --duration $(DURATION) --load '$(LOAD)'

compare: bed ## demo under each policy in turn, side by side (POLICIES, DURATION, LOAD)
	@exec $(BED) compare --root . --policies '$(POLICIES)' --duration $(DURATION) --load '$(LOAD)'

test: verify test-unit test-e2e ## every test, end to end ones too

test-unit: tools ## tests of all modules, with the race detector
	go vet ./...
	go test -race ./...
	cd test && go vet -tags e2e ./...
	cd test && go test -race ./...
	cd test/monitoring && go vet ./... && go test -race ./...

test-e2e: tools ## the end to end tests: a real control plane, Kafka and Flink
	cd test && go test -race -tags e2e -count=1 -timeout 60m -parallel 3 -v -skip '^TestWhen' ./e2e
	cd test && go test -race -tags e2e -count=1 -timeout 40m -v -run '^TestWhen' ./e2e -args -state=faults -impatient

verify: .cache/bin/verify $(CONTROLLER_GEN) ## what compilers don't see: modules, format, generated files, manifests, documents, workflows, scripts
	@.cache/bin/verify --root . --controller-gen $(CURDIR)/$(CONTROLLER_GEN)

update: .cache/bin/verify $(CONTROLLER_GEN) protos ## generate, tidy modules, format, write golden files anew
	@.cache/bin/verify --root . --controller-gen $(CURDIR)/$(CONTROLLER_GEN) --update
	go test ./webhook -update

.PHONY: protos
protos: $(PROTOC) $(PROTOC_GEN_GO) $(PROTOC_GEN_GO_GRPC)
	@$(PROTOC) --plugin=protoc-gen-go=$(PROTOC_GEN_GO) --plugin=protoc-gen-go-grpc=$(PROTOC_GEN_GO_GRPC) \
		--go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative adapter/keda/externalscaler/externalscaler.proto

lint: $(GOLANGCI_LINT) ## golangci-lint on all modules
	$(CURDIR)/$(GOLANGCI_LINT) run ./...
	cd test && $(CURDIR)/$(GOLANGCI_LINT) run --build-tags e2e ./...
	cd test/controlplane && $(CURDIR)/$(GOLANGCI_LINT) run ./...
	cd test/monitoring && $(CURDIR)/$(GOLANGCI_LINT) run ./...

lint-fix: $(GOLANGCI_LINT) ## the same, and what it can put right by itself
	$(CURDIR)/$(GOLANGCI_LINT) run --fix ./...
	cd test && $(CURDIR)/$(GOLANGCI_LINT) run --fix --build-tags e2e ./...

# The database comes as a module, through the Go command like everything else, and is indexed by its own tool.
vulncheck: $(GOVULNCHECK) ## known vulnerabilities in what both programs call (VULNDB)
	@set -e; version=$$(go list -m -f '{{.Version}}' golang.org/x/vulndb@$(VULNDB)); db=.cache/vulndb/$$version; \
	if [ ! -d $$db ]; then \
		echo "Indexing the vulnerability database (minutes, the first time)"; \
		GOBIN=$(CURDIR)/.cache/bin go install golang.org/x/vulndb/cmd/indexdb@$$version; \
		dir=$$(cd .cache && GOWORK=off go mod download -json golang.org/x/vulndb@$$version | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'); \
		rm -rf .cache/vulndb; mkdir -p .cache/vulndb; \
		.cache/bin/indexdb -vulns "$$dir/data/osv" -out $$db.part; mv $$db.part $$db; \
	fi; \
	echo "Vulnerability database of $$version"; \
	exec $(GOVULNCHECK) -db "file://$(CURDIR)/$$db" ./cmd/...

.PHONY: .cache/bin/verify
.cache/bin/verify:
	@mkdir -p .cache/bin
	@cd test && CGO_ENABLED=0 go build -o ../.cache/bin/verify ./cmd/verify

$(GOLANGCI_LINT):
	@echo "Building golangci-lint $(GOLANGCI_LINT_VERSION) (minutes, the first time)"
	@GOBIN=$(CURDIR)/.cache/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv .cache/bin/golangci-lint $@

$(GOVULNCHECK):
	@GOBIN=$(CURDIR)/.cache/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv .cache/bin/govulncheck $@

$(CONTROLLER_GEN):
	@GOBIN=$(CURDIR)/.cache/bin go install sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN_VERSION)
	@mv .cache/bin/controller-gen $@

$(PROTOC):
	@mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory=.cache/protoc \
		-Dartifact=com.google.protobuf:protoc:$(PROTOC_VERSION):exe:linux-$$(uname -m | sed s/aarch64/aarch_64/)
	@mkdir -p .cache/bin && chmod +x .cache/protoc/protoc-$(PROTOC_VERSION)-linux-*.exe && mv .cache/protoc/protoc-$(PROTOC_VERSION)-linux-*.exe $@

$(PROTOC_GEN_GO):
	@GOBIN=$(CURDIR)/.cache/bin go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO_VERSION)
	@mv .cache/bin/protoc-gen-go $@

$(PROTOC_GEN_GO_GRPC):
	@GOBIN=$(CURDIR)/.cache/bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
	@mv .cache/bin/protoc-gen-go-grpc $@

playground: bed ## bring everything up and stay till Ctrl-C
	@exec $(BED) playground --root .

playground-down: bed ## end a playground that was left behind
	@exec $(BED) down --root .

load: bed ## records for the playground's job (DURATION, LOAD)
	@test -f .playground/env || { echo "flink-hpa: no playground is ready here; start one with make playground" >&2; exit 1; }
	@. ./.playground/env && exec $(BED) load --kafka "$$KAFKA_BOOTSTRAP" --duration $(DURATION) --shape '$(LOAD)'

bench: tools ## what polls and admissions cost, beside what they replace (PART)
	@mkdir -p .cache/bin
	@cd test && CGO_ENABLED=0 go build -ldflags='-s -w' -o ../.cache/bin/bench ./cmd/bench
	@exec .cache/bin/bench $(PART) --root .

build: tools ## both programs and kubectl's plugin, into .cache/bin
	CGO_ENABLED=0 go build -ldflags='-s -w' -o .cache/bin/ ./cmd/adapter ./cmd/webhook ./cmd/kubectl-flink_hpa

images: .cache/bin/images ## both programs' images for amd64 and arm64, with SBOMs, into out/images (REPOSITORY, VERSION)
	@exec $(IMAGES) build

image-archive: .cache/bin/images ## the same as archives for docker load, kind load and ctr images import (REPOSITORY, VERSION)
	@exec $(IMAGES) archive

push-images: .cache/bin/images ## the same, pushed to a registry (REPOSITORY, VERSION)
	@exec $(IMAGES) push

.PHONY: .cache/bin/images
.cache/bin/images:
	@mkdir -p .cache/bin
	@cd test && CGO_ENABLED=0 go build -ldflags='-s -w' -o ../.cache/bin/images ./cmd/images

bed: tools
	@test -x $(BED) || echo "Building the test bed (a minute or two, the first time)"
	@mkdir -p .cache/bin
	@cd test && CGO_ENABLED=0 go build -ldflags='-s -w' -o ../$(BED) ./cmd/bed

tools:
	@./test/tools.sh
