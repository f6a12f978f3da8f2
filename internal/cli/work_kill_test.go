package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/request"
	"kelisim/internal/store/storetest"
	"kelisim/verify"
)

// TestServerKilledAtWork kills the server with SIGKILL while requests come in and
// are fulfilled by the group, and orders are put and carried out. In the end each
// that was answered with a number is there, each was answered or carried out once,
// and data is either whole or destroyed.
func TestServerKilledAtWork(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killAtWork(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killAtWork(t, storetest.Postgres(t)) })
}

// work is a victim that is worked at.
type work struct {
	*victim
	org     *party.Organization
	demands []ident.ID // that were answered with a number
	orders  []ident.ID
	acts    int // groups that were fulfilled, and orders carried out
}

func killAtWork(t *testing.T, database string) {
	w := &work{victim: newVictim(t, database)}
	a, err := app.Open(t.Context(), w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.org = apptest.Org(t, a, "")
	w.token, err = a.Accounts.Issue(t.Context(), account.Token{Role: account.Officer, Org: w.org.ID}, "")
	for _, id := range w.subjects {
		collect(t, a, w.org, id)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range *kills {
		w.killOnce()
	}
	w.finish()
}

func (w *work) killOnce() {
	kill := w.serving()
	dead, stop := context.WithCancel(w.t.Context())
	var callers sync.WaitGroup
	url := w.url
	for _, do := range []func(context.Context, string) bool{w.demand, w.demand, w.fulfil, w.order} {
		callers.Go(func() {
			for dead.Err() == nil {
				if !do(dead, url) {
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	before := w.done()
	for range 3000 { // a busy machine may be slow
		if w.done() >= before+3 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	kill()
	stop()
	callers.Wait()
}

func (w *work) done() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acts
}

// demand writes one down, of every kind that there is.
func (w *work) demand(ctx context.Context, url string) bool {
	k := []request.Kind{request.Copy, request.Confirm, request.Withdraw, request.Unsubscribe, request.Destroy, request.Block}[rand.IntN(6)]
	var out struct {
		ID ident.ID `json:"id"`
	}
	ok := w.post(ctx, url+"/v1/requests", map[string]any{"subject": w.whom(), "kind": k, "details": map[string]string{"text": "утечка"}}, &out)
	if ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.demands = append(w.demands, out.ID)
	}
	return ok
}

// fulfil fulfils a group of those that came last.
func (w *work) fulfil(ctx context.Context, url string) bool {
	w.mu.Lock()
	ids := append([]ident.ID{}, w.demands[max(0, len(w.demands)-20):]...)
	w.mu.Unlock()
	var out struct{}
	ok := len(ids) > 0 && w.post(ctx, url+"/v1/requests/fulfil", map[string]any{"ids": ids}, &out)
	w.count(ok)
	return ok
}

// order enters one of a court and carries it out.
func (w *work) order(ctx context.Context, url string) bool {
	k := []order.Kind{order.Block, order.Unblock, order.Destroy}[rand.IntN(3)]
	var out struct {
		ID ident.ID `json:"id"`
	}
	if !w.post(ctx, url+"/v1/orders", map[string]any{"kind": k, "source": "court", "document": "act 1", "subject": w.whom()}, &out) {
		return false
	}
	w.mu.Lock()
	w.orders = append(w.orders, out.ID)
	w.mu.Unlock()
	ok := w.post(ctx, fmt.Sprintf("%s/v1/orders/%s/execute", url, out.ID), map[string]any{}, &struct{}{})
	w.count(ok)
	return ok
}

func (w *work) whom() ident.ID { return w.subjects[rand.IntN(len(w.subjects))] }

func (w *work) count(ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok {
		w.acts++
	}
}

// post reports whether it was answered, and was not refused.
func (w *work) post(ctx context.Context, url string, in, out any) bool {
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Error(err)
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return false
	}
	req.Header = http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/json"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if res.StatusCode >= http.StatusInternalServerError {
		w.t.Errorf("%s: %s %s", url, res.Status, answer)
	}
	return err == nil && res.StatusCode < http.StatusBadRequest && json.Unmarshal(answer, out) == nil
}

func collect(t *testing.T, a *app.App, org *party.Organization, id ident.ID) {
	t.Helper()
	ans, err := a.Guard.Access(t.Context(), &gate.Ask{
		Request: gate.Request{Base: "site", Action: register.Collect, Purpose: "contracts"}, Holder: org, Asker: org, Subject: id,
		Actor: apptest.System, Values: map[string]json.RawMessage{"name": json.RawMessage(`"Асыл"`)},
	})
	if err != nil || !ans.Permit {
		t.Fatal(ans, err)
	}
}

// unlessRefused is an error unless something was refused.
func unlessRefused(err error) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Denied, fault.Invalid, fault.NotFound:
		return nil
	default:
		return err
	}
}

// finish does what is left, after the claim of whoever died, and counts.
func (w *work) finish() {
	w.t.Helper()
	later := w.config
	later.Now = func() time.Time { return time.Now().Add(5 * time.Minute) }
	a, err := app.Open(w.t.Context(), later)
	if err != nil {
		w.t.Fatal(err)
	}
	defer a.Close()
	ctx, by := w.t.Context(), verify.Actor{Kind: "person", ID: "17"}
	if err := a.Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
	left, err := a.Store.Unfinished(ctx, a.Now(), 10000)
	for i := 0; i < len(left) && err == nil; i++ {
		_, err = a.Requests.Resume(ctx, left[i].ID)
		err = unlessRefused(err)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	open, err := a.Store.Demands(ctx, request.Filter{Org: w.org.ID, Undone: true, Limit: 100_000})
	for i := 0; i < len(open) && err == nil; i++ {
		if _, err = a.Requests.Fulfil(ctx, w.org, open[i].ID, nil, by); unlessRefused(err) == nil && err != nil {
			_, err = a.Requests.Refuse(ctx, w.org, open[i].ID, "нет", "25(2)7", by)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	officer := account.Caller{Role: account.Officer, Org: w.org.ID}
	for {
		list, err := a.Orders.List(ctx, order.Filter{Org: w.org.ID, Status: order.Open, Limit: 200})
		for i := 0; i < len(list) && err == nil; i++ {
			_, err = a.Orders.Execute(ctx, officer, list[i].ID, &order.Report{})
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
	}
	w.judge(a)
	apptest.Clean(w.t, a)
}

// judge counts what stands in the journal, and looks at the data.
func (w *work) judge(a *app.App) {
	w.t.Helper()
	ctx := w.t.Context()
	times := map[string]map[string]int{}
	f := journal.Filter{Org: w.org.ID, Limit: 1000}
	for {
		rows, list, err := a.Journal.List(ctx, f)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range list {
			if e.Decision == "deny" || e.Reference == "" {
				continue
			}
			if times[e.Reference] == nil {
				times[e.Reference] = map[string]int{}
			}
			times[e.Reference][e.Action]++
		}
		if len(rows) < f.Limit {
			break
		}
		f.Before = rows[len(rows)-1].ID
	}
	for ref, n := range times {
		demand, put := n["request.receive"], n["order.issue"]
		if demand+put > 1 || n["request.answer"]+n["request.refuse"] != demand || n["order.execute"] != put {
			w.t.Errorf("%v", n)
		}
		for action, n := range n {
			if n != 1 && (strings.Contains(ref, "/") || put == 1 && action == "destroy") {
				w.t.Errorf("%d times %s", n, action)
			}
		}
	}
	for _, id := range append(w.demands, w.orders...) {
		if times[id.String()] == nil {
			w.t.Errorf("%s was answered with its number and is not there", id)
		}
	}
	destroyed := 0
	for _, outside := range w.subjects {
		who := w.org.Inside(outside)
		h, err := a.Store.Holding(ctx, who, w.org.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		values, err := a.Store.Values(ctx, who, w.org.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		gone := h.State == party.Destroyed
		if (len(values) == 0) != gone || (h.DataKey == nil) != gone {
			w.t.Errorf("data is %s, with %d values", h.State, len(values))
		}
		if gone {
			destroyed++
		}
	}
	w.t.Logf("%d requests and %d orders answered before %d kills, the data of %d people destroyed", len(w.demands), len(w.orders), *kills, destroyed)
}
