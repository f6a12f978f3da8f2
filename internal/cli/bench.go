package cli

import (
	"bytes"
	"encoding/binary"
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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kelisim/examples"
	"kelisim/internal/account"
	"kelisim/internal/api"
	"kelisim/internal/app"
	"kelisim/internal/bench"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

type benchCommand struct {
	Subjects    int           `help:"Subjects to have." default:"100000"`
	Connections []int         `help:"Connections at once, a run for each." default:"1,64,256"`
	Duration    time.Duration `help:"Of each run." default:"10s"`
	Calls       []string      `help:"What to call: decisions, access." default:"decisions,access" enum:"decisions,access"`
	Seed        uint64        `help:"Of the choice of subjects." default:"1"`
	Requests    int           `help:"Then measure decisions with 64 connections once more, while so many requests of subjects come in and are fulfilled."`
	Cold        bool          `help:"Do not ask about every subject once before measuring: facts then come from the database."`
	Echo        string        `hidden:"" help:"Only echo JSON on this address: what the machine can do at most."`
}

// Run fills the data directory (made if absent, kept for the next run), serves
// it in a process of its own and measures from this one.
func (c *benchCommand) Run(e *env) error {
	if c.Echo != "" {
		return echo(e, c.Echo)
	}
	ids, token, rush, err := c.prepare(e)
	if err != nil {
		return err
	}
	fsync, err := fsyncRate(e.flags.Data)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "append 4 KiB + fdatasync: %.0f/s\n", fsync)
	if err := c.bare(e); err != nil {
		return err
	}
	started := time.Now()
	address, pid, stop, err := c.server(e, func(address string) []string {
		return []string{"serve", "--data", e.flags.Data, "--listen", address, "--cache-size", fmt.Sprint(c.Subjects * 5 / 2)}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "start to ready: %s\n", time.Since(started).Round(time.Millisecond))
	defer stop()
	if !c.Cold {
		if err := c.warm(e, address, token, ids); err != nil {
			return err
		}
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0)) //nolint:gosec // a choice of subjects, not a secret
	for _, call := range c.Calls {
		for _, n := range c.Connections {
			cpu := cpuTime(pid)
			r, err := c.load(e, address, token, call, ids, n, rng.Uint64())
			cpu = cpuTime(pid) - cpu
			fmt.Fprintf(e.stdout, "%s, %d connections: %s, server CPU %.0f µs an answer\n", call, n, r, float64(cpu.Microseconds())/float64(max(r.Answers, 1)))
			if err != nil {
				return err
			}
		}
	}
	if c.Requests == 0 {
		return nil
	}
	rush.address, rush.calm = address, ids
	return rush.run(e, c, func() *bench.Load { return c.loading(address, token, "decisions", ids, 64, rng.Uint64()) })
}

// idsFile keeps the ids of the subjects that were filled in.
const idsFile = "bench.ids"

func (c *benchCommand) prepare(e *env) ([]ident.ID, string, *rush, error) {
	cfg := e.config()
	cfg.TestNumbers = true
	a, err := app.Open(e.ctx, cfg)
	if errors.Is(err, app.ErrNotInitialised) {
		a, err = app.Init(e.ctx, cfg)
	}
	if err != nil {
		return nil, "", nil, err
	}
	defer a.Close() //nolint:errcheck // all is durable
	org, err := benchOrg(e, a)
	if err != nil {
		return nil, "", nil, err
	}
	path := filepath.Join(e.flags.Data, idsFile)
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", nil, err
	}
	ids := make([]ident.ID, len(have)/16)
	if _, err := binary.Decode(have, binary.BigEndian, ids); err != nil {
		return nil, "", nil, err
	}
	if n := c.Subjects - len(ids); n > 0 {
		bar := progress(e.stderr, int64(n), "subjects")
		start := time.Now()
		more, err := bench.Fill(e.ctx, a, org, len(ids), n, true, func(done int64) { _ = bar.Set64(done) })
		if err != nil {
			return nil, "", nil, err
		}
		fmt.Fprintf(e.stdout, "filled %d subjects with consent and data: %.0f/s\n", n, float64(n)/time.Since(start).Seconds())
		ids = append(ids, more...)
		out, err := binary.Append(nil, binary.BigEndian, ids)
		if err == nil {
			err = os.WriteFile(path, out, 0o600)
		}
		if err != nil {
			return nil, "", nil, err
		}
		if err := a.Sealer.All(e.ctx); err != nil {
			return nil, "", nil, err
		}
	}
	rush, err := c.prepareRush(e, a, org)
	if err != nil {
		return nil, "", nil, err
	}
	token, err := a.Accounts.Issue(e.ctx, account.Token{Role: account.Operator, Org: org.ID}, "bench")
	return ids[:min(c.Subjects, len(ids))], token, rush, err
}

func benchOrg(e *env, a *app.App) (*party.Organization, error) {
	text, err := examples.Files.ReadFile("bestam/operator.yaml")
	if err != nil {
		return nil, err
	}
	d, err := register.Parse(text, a.Parties.Rules)
	if err != nil {
		return nil, err
	}
	if _, err := a.Parties.Apply(e.ctx, verify.Actor{Kind: "service", ID: "bench"}, d, true); err != nil {
		return nil, err
	}
	return a.Parties.Organization(e.ctx, d.Organization.BIN)
}

// bare measures a server that only decodes and encodes JSON, under the same
// load: machines differ and so do their hours, the ratio does less.
func (c *benchCommand) bare(e *env) error {
	address, _, stop, err := c.server(e, func(address string) []string { return []string{"bench", "--echo", address} })
	if err != nil {
		return err
	}
	defer stop()
	body := `{"subject":"f6d241e4-8f40-39e2-da58-7d5d9ebe72bf","base":"site","action":"use","purpose":"contracts","categories":["name","iin"]}`
	req := "POST / HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body
	l := &bench.Load{
		Address: address, Connections: 64, Duration: min(c.Duration, 3*time.Second), Now: time.Now,
		Request: func(b []byte, _, _ int) []byte { return append(b, req...) },
		Answer:  func(int, []byte) error { return nil },
	}
	r, err := l.Run(e.ctx)
	fmt.Fprintf(e.stdout, "bare JSON echo, 64 connections: %s\n", r)
	return err
}

func echo(e *env, address string) error {
	srv := &http.Server{Addr: address, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v map[string]any
		if json.NewDecoder(r.Body).Decode(&v) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b, _ := json.Marshal(v) // what was decoded can be encoded
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b)
	})}
	go func() {
		<-e.ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// server runs this program in a process of its own, with the arguments that an
// address gives, and waits until it listens.
func (c *benchCommand) server(e *env, args func(address string) []string) (address string, pid int, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(e.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", 0, nil, err
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", 0, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", 0, nil, err
	}
	cmd := exec.CommandContext(e.ctx, self, args(address)...) //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "KELISIM_DATABASE="+e.flags.Database)
	cmd.Stderr = e.stderr
	if err := cmd.Start(); err != nil {
		return "", 0, nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	for range 2000 {
		conn, err := (&net.Dialer{}).DialContext(e.ctx, "tcp", address)
		if err == nil {
			return address, cmd.Process.Pid, stop, conn.Close()
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	return "", 0, nil, errors.New("the server did not come up")
}

func (c *benchCommand) load(e *env, address, token, call string, ids []ident.ID, conns int, seed uint64) (bench.Result, error) {
	return c.loading(address, token, call, ids, conns, seed).Run(e.ctx)
}

func (c *benchCommand) loading(address, token, call string, ids []ident.ID, conns int, seed uint64) *bench.Load {
	action, path := "use", "/v1/decisions"
	if call == "access" {
		action, path = "view", "/v1/access"
	}
	tail := `","base":"site","action":"` + action + `","purpose":"` + bench.Purpose + `","categories":["` + strings.Join(bench.Categories, `","`) + `"]}`
	head := "POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: application/json\r\nContent-Length: " + fmt.Sprint(len(`{"subject":"`)+36+len(tail)) + "\r\n\r\n" + `{"subject":"`
	rngs := make([]*rand.Rand, conns)
	for i := range rngs {
		rngs[i] = rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // a choice of subjects
	}
	permit := []byte(`"decision":"permit"`)
	return &bench.Load{
		Address: address, Connections: conns, Duration: c.Duration, Now: time.Now,
		Request: func(b []byte, conn, _ int) []byte {
			b = append(b, head...)
			b = ids[rngs[conn].IntN(len(ids))].AppendTo(b)
			return append(b, tail...)
		},
		Answer: func(_ int, body []byte) error {
			if !bytes.Contains(body, permit) {
				return fmt.Errorf("not permitted: %s", body)
			}
			return nil
		},
	}
}

// warm asks about every subject once, in batches, so that what is measured after
// it is a server that has run for a while.
func (c *benchCommand) warm(e *env, address, token string, ids []ident.ID) error {
	start := time.Now()
	categories := strings.Join(bench.Categories, `","`)
	for some := range slices.Chunk(ids, api.MaxBatch) {
		body := []byte(`{"decisions":[`)
		for i, id := range some {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(id.AppendTo(append(body, `{"subject":"`...)), `","base":"site","action":"use","purpose":"`+bench.Purpose+`","categories":["`+categories+`"]}`...)
		}
		r, err := http.NewRequestWithContext(e.ctx, http.MethodPost, "http://"+address+"/v1/decisions/batch", bytes.NewReader(append(body, "]}"...)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := (&http.Client{Timeout: time.Minute}).Do(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("warming up: %s", answer.Status)
		}
	}
	fmt.Fprintf(e.stdout, "decisions in batches of %d, one caller: %.0f/s\n", api.MaxBatch, float64(len(ids))/time.Since(start).Seconds())
	return nil
}

// cpuTime is what a process has used of the processors so far.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if err != nil || len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond // the kernel counts hundredths
}

// fsyncRate is what the disk does with one append and sync after another.
func fsyncRate(dir string) (float64, error) {
	f, err := os.CreateTemp(dir, "fsync")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a leftover is harmless
	defer f.Close()           //nolint:errcheck // nothing worth keeping
	page := make([]byte, 4096)
	n, start := 0, time.Now()
	for time.Since(start) < time.Second {
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil { //nolint:gosec // a file descriptor is small
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
