# The two commands to know: make demo, make test.

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X kelisim/internal/cli.Version=$(VERSION)
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: build demo test test-short lint bench soak generate clean

## build: one static binary, bin/kelisim
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/kelisim ./cmd/kelisim

## demo: build and serve an example operator with made-up people
demo: build
	bin/kelisim demo

## test: everything, on both databases and in a real browser; installs what is missing
test:
	bash packaging/test-deps.sh
	bash packaging/test.sh

## test-short: what needs nothing installed, in a minute
test-short:
	go test -short ./...

## lint: golangci-lint and the rules of imports and documents
lint:
	go run $(LINT) run --allow-parallel-runners ./...
	go test -count=1 -run 'TestImports|TestDocuments' .

## bench: decisions and reads a second on SQLite, then on PostgreSQL
bench: build
	bash packaging/bench.sh

## soak: kill -9 under load, twenty times on each database; a year of 50,000 requests and 2,000 orders
soak:
	go test -count=1 -timeout 60m -run 'TestServerKilledUnderLoad|TestServerKilledAtWork' -v ./internal/cli -kills 20
	go test -count=1 -timeout 60m -run TestYear/sqlite -v ./internal/request -demands 50000 -orders 2000 -crashes 50
	go test -count=1 -timeout 60m -run TestYear/postgres -v ./internal/request -demands 5000 -orders 500 -crashes 10

## generate: files made from others
generate:
	go generate ./...

clean:
	rm -rf bin
