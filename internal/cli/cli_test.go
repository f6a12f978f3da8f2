package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/driver"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/charmap"

	"kelisim/examples"
	"kelisim/internal/cli"
)

// TestMain lets the test binary act as kelisim, so that scripts run the very
// program that is built.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kelisim": func() { os.Exit(cli.Main(os.Args[1:])) }})
}

// TestScripts runs testdata/*.txtar: the command line as a manual that cannot
// go out of date. Beside the commands of testscript they use those below.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireUniqueNames: true, Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "ready": ready, "call": call, "await": await, "keep": keep, "sql": sql, "flip": flip, "recode": recode,
		},
	})
}

// setup gives a script a data directory to make, an address to serve on and the
// example operator.
func setup(e *testscript.Env) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	e.Setenv("KELISIM_DATA", filepath.Join(e.WorkDir, "data"))
	e.Setenv("KELISIM_LISTEN", address)
	e.Setenv("URL", "http://"+address)
	if address, err = freeAddress(); err != nil {
		return err
	}
	e.Setenv("SIMULATED", address)
	text, err := examples.Files.ReadFile("bestam/operator.yaml")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(e.WorkDir, "operator.yaml"), text, 0o600)
}

// A port that the system hands out by itself may be somebody else's by the time
// that the server listens: each connection that any test makes takes one. So ours
// are below those, begin anywhere, and none is given twice.
const firstPort, ports = 15_000, 15_000

var nextPort atomic.Uint32

func init() { nextPort.Store(rand.Uint32N(ports)) }

func freeAddress() (string, error) {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+nextPort.Add(1)%ports))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", errors.New("no port is free")
}

// exits CODE COMMAND… runs a command that must end with the exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	got := 0
	var end *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &end) {
		got = end.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// ready [ADDRESS] waits for the server that the script started, or until somebody
// listens at the address, four minutes at most: the demo makes up a month first.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	for range 24_000 {
		if len(args) > 0 {
			if c, err := net.Dial("tcp", args[0]); err == nil {
				ts.Check(c.Close())
				return
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		res, err := http.Get(ts.Getenv("URL") + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("the server did not come up")
}

// call STATUS METHOD PATH [BODY] calls the server with the token of $TOKEN and
// prints the answer, which must have the status. A body that begins with @ is a
// YAML file. What is not sealed yet is asked for again.
func call(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: call STATUS METHOD PATH [BODY]")
	}
	body, kind := "", "application/json"
	if len(args) > 3 {
		body = args[3]
	}
	if name, ok := strings.CutPrefix(body, "@"); ok {
		body, kind = ts.ReadFile(name), "application/yaml"
	}
	for range 2400 {
		status, answer := send(ts, args[1], args[2], body, kind)
		if status == http.StatusConflict && strings.Contains(answer, "not-sealed-yet") {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if ts.Getenv("ACCEPT") == "" { // a file that is not JSON stays as it is
			answer += "\n"
		}
		io.WriteString(ts.Stdout(), answer)
		if strconv.Itoa(status) != args[0] {
			ts.Fatalf("status %d, not %s: %s", status, args[0], answer)
		}
		return
	}
	ts.Fatalf("not sealed after two minutes")
}

// await PATTERN STATUS METHOD PATH calls until the answer matches the pattern: what
// the server does by itself it does in its own time.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: await PATTERN STATUS METHOD PATH")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	answer := ""
	for range 2400 {
		status, got := send(ts, args[2], args[3], "", "application/json")
		if answer = got; strconv.Itoa(status) == args[1] && pattern.MatchString(answer) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no %s in two minutes: %s", args[0], answer)
}

func send(ts *testscript.TestScript, method, path, body, kind string) (status int, answer string) {
	req, err := http.NewRequest(method, ts.Getenv("URL")+path, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", ts.Getenv("ACCEPT"))
	req.Header.Set("Accept-Language", ts.Getenv("KELISIM_LANG"))
	if token := ts.Getenv("TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	return res.StatusCode, string(b)
}

// keep NAME [FIELD] keeps the last output, or a field of its JSON, in the
// variable.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	value := strings.TrimSpace(ts.ReadFile("stdout"))
	if len(args) > 1 {
		var fields map[string]any
		ts.Check(json.Unmarshal([]byte(value), &fields))
		if list, ok := fields["items"].([]any); ok && len(list) > 0 {
			fields, _ = list[0].(map[string]any)
		}
		value = fmt.Sprint(fields[args[1]])
	}
	ts.Setenv(args[0], value)
}

// sql DIR STATEMENT changes the database past the program, as somebody who has
// the disk can.
func sql(ts *testscript.TestScript, _ bool, args []string) {
	db, err := driver.Open("file:" + ts.MkAbs(filepath.Join(args[0], "kelisim.db")))
	ts.Check(err)
	defer db.Close()
	res, err := db.Exec(strings.ReplaceAll(args[1], "$WORK", ts.MkAbs(".")))
	ts.Check(err)
	if n, err := res.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(args[1], "VACUUM") {
		ts.Fatalf("no row was changed (%v)", err)
	}
}

// flip DIR LEAF changes one bit of a stored entry.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	db, err := driver.Open("file:" + ts.MkAbs(filepath.Join(args[0], "kelisim.db")))
	ts.Check(err)
	defer db.Close()
	var sealed []byte
	ts.Check(db.QueryRow(`SELECT sealed FROM entry WHERE leaf = ?`, args[1]).Scan(&sealed))
	changed := bytes.Clone(sealed)
	changed[len(changed)/2] ^= 1
	_, err = db.Exec(`UPDATE entry SET sealed = ? WHERE leaf = ?`, changed, args[1])
	ts.Check(err)
}

// recode FILE turns a file from UTF-8 into windows-1251.
func recode(ts *testscript.TestScript, _ bool, args []string) {
	b, err := charmap.Windows1251.NewEncoder().Bytes([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}
