package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"kelisim/internal/store"
)

// Postgres returns the address of a fresh, migrated database. The server is
// private to the test binary, which starts it at the first call. Where
// PostgreSQL is not installed the test is skipped, or fails if CI is set.
func Postgres(t testing.TB) string {
	t.Helper()
	c, err := running()
	switch {
	case errors.Is(err, errNotInstalled) && os.Getenv("CI") == "":
		t.Skip("PostgreSQL is not installed: nothing was tested on it (Debian: apt-get install postgresql)")
	case err != nil:
		t.Fatal("start PostgreSQL: ", err)
	}
	name, err := c.create(t.Context())
	if err != nil {
		t.Fatal("create a database: ", err)
	}
	t.Cleanup(func() {
		if err := c.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error("drop the database: ", err)
		}
	})
	return c.address(name)
}

var errNotInstalled = errors.New("not installed")

// cluster is a running server. It listens on a socket in its own directory.
type cluster struct {
	dir   string
	alive io.Closer // the server stops when this is closed, by us or by our end
	ended chan struct{}
	made  atomic.Int64
}

var running = sync.OnceValues(start)

const template = "kelisim_template"

func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "kpg") // a socket's path has to be short
	if err != nil {
		return nil, err
	}
	owner, err := serverUser()
	if err == nil && owner != nil {
		err = os.Chown(dir, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c := &cluster{dir: dir, ended: make(chan struct{})}
	if err := c.launch(bin, owner); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.prepare(); err != nil {
		return nil, errors.Join(err, c.alive.Close())
	}
	return c, nil
}

// binaries finds the server's programs, which Debian keeps off the PATH.
func binaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNotInstalled
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

// serverUser is who the server is to run as where we are root, which it refuses.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// script runs the server for as long as its input is open. The other end is
// ours alone, so however this process ends, the server ends with it and takes
// its directory along.
const script = `
"$1/initdb" -D "$2/data" --no-sync -A trust -U postgres -E UTF8 --locale=C >"$2/log" 2>&1 || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
	-c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c max_connections=300 -c shared_buffers=64MB \
	>>"$2/log" 2>&1 &
read -r _
kill -QUIT $!
wait $!
rm -rf "$2"
`

func (c *cluster) launch(bin string, owner *syscall.Credential) error {
	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, c.dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true} // an interrupt from the terminal is for us
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	c.alive = in
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // it ends after us, unless it cannot start
		close(c.ended)
	}()
	return nil
}

// prepare waits for the server and makes the template that databases are
// copied from.
func (c *cluster) prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // on a busy machine; mostly a second
	defer cancel()
	for {
		err := c.exec(ctx, "CREATE DATABASE "+template)
		if err == nil {
			break
		}
		if ctx.Err() != nil || c.over() {
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("%w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s, err := store.OpenPostgres(ctx, c.address(template))
	if err != nil {
		return err
	}
	return s.Close()
}

func (c *cluster) over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

func (c *cluster) create(ctx context.Context) (string, error) {
	name := fmt.Sprintf("t%d", c.made.Add(1))
	return name, c.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func (c *cluster) address(database string) string {
	return "postgres:///" + database + "?host=" + c.dir + "&user=postgres"
}

func (c *cluster) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.address("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
