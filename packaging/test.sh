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

race=(-race)
if ! command -v "$(go env CC)" > /dev/null; then
	echo "test: no C compiler, so the race detector is left out"
	race=()
fi
go test "${race[@]}" -shuffle=on -timeout 9m ./...
