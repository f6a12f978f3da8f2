package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/outbox"
	"kelisim/internal/store/storetest"
)

// TestServerKilledWhileSending kills the server with SIGKILL while a receiver has
// not answered yet. The next one sends again by itself, under the same id.
func TestServerKilledWhileSending(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for a pause between two tries")
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killWhileSending(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killWhileSending(t, storetest.Postgres(t)) })
}

func killWhileSending(t *testing.T, database string) {
	var mu sync.Mutex
	var ids []string
	called, killed := make(chan struct{}, 10), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ids = append(ids, r.Header.Get("Webhook-Id"))
		first := len(ids) == 1
		mu.Unlock()
		called <- struct{}{}
		if first {
			<-killed // who asked is gone by then
			return
		}
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
	}))
	t.Cleanup(receiver.Close)
	v := newVictim(t, database)
	v.config.Word = app.Word{PrivateHooks: true}
	a, err := app.Open(t.Context(), v.config)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Outbox.AddWebhook(t.Context(), apptest.Org(t, a, ""), receiver.URL, nil, apptest.System); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	stop := v.serving()
	v.give()
	arrived(t, called)
	stop()
	close(killed)
	stop = v.serving()
	arrived(t, called)
	var list []outbox.Delivery
	for range 3000 { // that it was acknowledged is noted after the answer
		time.Sleep(20 * time.Millisecond)
		b, err := app.Open(t.Context(), v.config)
		if err != nil {
			t.Fatal(err)
		}
		list, err = b.Outbox.List(t.Context(), outbox.Filter{Org: apptest.Org(t, b, "").ID, Limit: 10})
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if list[0].Status == outbox.Acknowledged {
			break
		}
	}
	stop()
	if list[0].Status != outbox.Acknowledged || list[0].Tries != 2 {
		t.Errorf("%+v", list[0])
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] != list[0].ID.String() {
		t.Errorf("called as %v", ids)
	}
}

func arrived(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(2 * time.Minute):
		t.Fatal("the receiver was not called")
	}
}

// serving starts the server and returns what kills it.
func (v *victim) serving() (kill func()) {
	v.t.Helper()
	address, err := freeAddress()
	if err != nil {
		v.t.Fatal(err)
	}
	v.url = "http://" + address
	var log strings.Builder
	server := exec.Command("kelisim", "serve", "--data", v.config.Data, "--listen", address, "--webhook-private")
	server.Env = append(os.Environ(), "KELISIM_DATABASE="+v.config.Database)
	server.Stderr = &log
	if err := server.Start(); err != nil {
		v.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := server.Process.Kill(); err != nil {
			v.t.Error(err)
		}
		server.Wait() //nolint:errcheck // it was killed
	})
	v.t.Cleanup(kill)
	v.wait(v.url, &log)
	return kill
}

// give records a consent by the interface.
func (v *victim) give() {
	v.t.Helper()
	body := fmt.Sprintf(`{"subject":%q,"purposes":["news"],"evidence":{"channel":"form"}}`, v.subjects[0])
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+"/v1/consents", strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + strings.TrimSpace(v.token)}, "Content-Type": {"application/json"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		answer, _ := io.ReadAll(res.Body)
		v.t.Fatalf("%d: %s", res.StatusCode, answer)
	}
}
