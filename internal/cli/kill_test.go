package cli_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/store/storetest"
	"kelisim/verify"
)

var kills = flag.Int("kills", 2, "how often TestServerKilledUnderLoad kills the server")

// TestServerKilledUnderLoad kills the server with SIGKILL while it decides, again and
// again. Each time it comes up by itself; in the end every decision that was
// answered is in the log under the leaf that the answer promised, and the log is
// whole.
func TestServerKilledUnderLoad(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killUnderLoad(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killUnderLoad(t, storetest.Postgres(t)) })
}

func killUnderLoad(t *testing.T, database string) {
	v := newVictim(t, database)
	for range *kills {
		v.killOnce(time.Duration(100+rand.IntN(400)) * time.Millisecond)
	}
	a, err := app.Open(t.Context(), v.config)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	leaves := apptest.Clean(t, a)
	lost := v.answered
	err = a.Store.Scan(t.Context(), func(r *journal.Row) error {
		if leaf, ok := lost[r.ID]; ok && leaf == r.Commitment {
			delete(lost, r.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range lost {
		t.Errorf("decision %s was answered and is not in the log", id)
	}
	if v.count == 0 {
		t.Error("nothing was answered: nothing was tested")
	}
	t.Logf("%d decisions answered before %d kills, %d leaves", v.count, *kills, leaves)
}

// victim is an installation whose server is killed.
type victim struct {
	t        *testing.T
	config   app.Config
	subjects []ident.ID
	token    string
	url      string // of the server that runs

	mu       sync.Mutex
	answered map[ident.ID]verify.Commitment
	count    int
}

func newVictim(t *testing.T, database string) *victim {
	t.Helper()
	v := &victim{t: t, config: app.Config{Data: t.TempDir(), Database: database}, answered: map[ident.ID]verify.Commitment{}}
	a, err := app.Init(t.Context(), v.config)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	org := apptest.Apply(t, a, apptest.Bestam(t))
	for i := range 50 {
		id := apptest.Subject(t, a, org, i)
		apptest.Consent(t, a, org, id, "contracts")
		v.subjects = append(v.subjects, id)
	}
	if v.token, err = a.Accounts.Issue(t.Context(), account.Token{Role: account.Operator, Org: org.ID}, ""); err != nil {
		t.Fatal(err)
	}
	return v
}

// killOnce serves, lets callers ask for a while and kills the server.
func (v *victim) killOnce(after time.Duration) {
	v.t.Helper()
	address, err := freeAddress()
	if err != nil {
		v.t.Fatal(err)
	}
	var log strings.Builder
	server := exec.Command("kelisim", "serve", "--data", v.config.Data, "--listen", address)
	server.Env = append(os.Environ(), "KELISIM_DATABASE="+v.config.Database)
	server.Stderr = &log
	if err := server.Start(); err != nil {
		v.t.Fatal(err)
	}
	dead, stop := context.WithCancel(v.t.Context())
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() { v.ask(dead, "http://"+address) })
	}
	before := v.answers()
	v.wait("http://"+address, &log)
	for range 12_000 { // a busy machine may be slow with the first answer
		if v.answers() > before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(after)
	if err := server.Process.Kill(); err != nil {
		v.t.Error(err)
	}
	server.Wait() //nolint:errcheck // it was killed
	stop()
	callers.Wait()
}

func (v *victim) answers() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.count
}

func (v *victim) wait(url string, log *strings.Builder) {
	v.t.Helper()
	for range 12_000 { // two minutes and more, on a machine that has other things to do
		res, err := http.Get(url + "/readyz")
		if err == nil {
			res.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.t.Fatalf("the server did not come up again:\n%s", log.String())
}

// ask asks for one decision after another and remembers those that were
// answered.
func (v *victim) ask(dead context.Context, url string) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for dead.Err() == nil {
		body := fmt.Sprintf(`{"subject":%q,"action":"use","purpose":"contracts","categories":["phone"]}`, v.subjects[rand.IntN(len(v.subjects))])
		req, err := http.NewRequestWithContext(dead, http.MethodPost, url+"/v1/decisions", strings.NewReader(body))
		if err != nil {
			v.t.Error(err)
			return
		}
		req.Header = http.Header{"Authorization": {"Bearer " + v.token}, "Content-Type": {"application/json"}}
		res, err := client.Do(req)
		if err != nil {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK {
			v.remember(answer)
		}
	}
}

func (v *victim) remember(answer []byte) {
	var d struct {
		ID      ident.ID `json:"id"`
		Receipt struct {
			Leaf string `json:"leaf"`
		} `json:"receipt"`
	}
	if err := json.Unmarshal(answer, &d); err != nil {
		v.t.Error(err)
		return
	}
	leaf, err := base64.StdEncoding.DecodeString(d.Receipt.Leaf)
	if err != nil || len(leaf) != len(verify.Commitment{}) {
		v.t.Errorf("an answer without a leaf: %s", answer)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answered[d.ID] = verify.Commitment(leaf)
	v.count++
}
