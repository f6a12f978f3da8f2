#!/usr/bin/env bash
# Installs what the tests run against and a fresh Debian lacks: PostgreSQL, a
# browser, and tools that read what the program makes. Does nothing, and needs no rights, where they are there.
set -euo pipefail

missing=()
have() { command -v "$1" > /dev/null; }
have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql)
have chromium || missing+=(chromium)
have curl || missing+=(curl)
have jq || missing+=(jq)
have openssl || missing+=(openssl)
have pdftotext || missing+=(poppler-utils)
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! have apt-get; then
	echo "test-deps: not found: ${missing[*]}. Install them; apt-get, which could, is not here." >&2
	exit 1
fi
root=()
if [ "$(id -u)" != 0 ]; then
	have sudo || { echo "test-deps: not found: ${missing[*]}. Install them as root." >&2; exit 1; }
	root=(sudo)
fi
echo "test-deps: installing ${missing[*]}"
"${root[@]}" apt-get update -q
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" < /dev/null
