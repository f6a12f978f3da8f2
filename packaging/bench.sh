#!/usr/bin/env bash
# Measures on SQLite, then on a PostgreSQL that this script starts for itself and
# removes. Arguments go to both runs: packaging/bench.sh --subjects 1000000
set -euo pipefail
kelisim=$(realpath bin/kelisim)
dir=$(mktemp -d)
cluster=""
finish() {
	[ -z "$cluster" ] || as_server "$bin/pg_ctl" -D "$dir/pg" -m immediate stop > /dev/null || true
	rm -rf "$dir"
}
trap finish EXIT

echo "== SQLite"
"$kelisim" bench --data "$dir/sqlite" "$@"

bin=$(dirname "$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
if [ "$bin" = . ]; then
	echo "PostgreSQL is not installed: not measured" >&2
	exit 0
fi
# The server refuses root.
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	as_server() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
	chmod 755 "$dir"
	install -d -o postgres "$dir/pg"
fi
echo "== PostgreSQL: $("$bin/postgres" --version)"
cd /
as_server "$bin/initdb" -D "$dir/pg" -A trust -U postgres -E UTF8 --locale=C > /dev/null
as_server "$bin/pg_ctl" -D "$dir/pg" -w -l "$dir/pg/log" -o "-k $dir/pg -c listen_addresses= -c shared_buffers=1GB -c max_wal_size=4GB" start > /dev/null
cluster=running
KELISIM_DATABASE="postgres:///postgres?host=$dir/pg&user=postgres" "$kelisim" bench --data "$dir/postgres" "$@"
