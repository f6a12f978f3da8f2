#!/usr/bin/env bash
# Runs every check of the code. Nothing is skipped for want of a database or a
# browser: with CI set, a test that lacks one fails.
set -euo pipefail
export CI=true

unformatted=$(gofmt -l $(go list -f '{{.Dir}}' ./...))
if [ -n "$unformatted" ]; then
	printf 'not formatted, run gofmt -w on:\n%s\n' "$unformatted" >&2
	exit 1
fi
go vet ./...

go test -shuffle=on -timeout 25m ./...

# Where goroutines of ours meet: once more under the race detector.
if ! command -v "$(go env CC)" > /dev/null; then
	echo "test: no C compiler, so the race detector is left out"
	exit 0
fi
go test -race -short -timeout 25m ./internal/account ./internal/consent ./internal/gate ./internal/journal ./internal/outbox ./internal/party ./internal/store ./internal/term
