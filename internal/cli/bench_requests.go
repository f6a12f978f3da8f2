package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/bench"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/request"
)

// rush is the day after a leak: thousands demand something, and the officer fulfils
// it by the group, while the operator's systems go on asking for decisions.
type rush struct {
	address string
	officer string     // token
	calm    []ident.ID // whom decisions are asked about; they demand copies
	others  []ident.ID // who want their data blocked or destroyed
	client  *http.Client
}

// prepareRush fills in those who will want their data blocked or destroyed: they
// serve for one run only.
func (c *benchCommand) prepareRush(e *env, a *app.App, org *party.Organization) (*rush, error) {
	r := &rush{client: &http.Client{Timeout: 5 * time.Minute}}
	if c.Requests == 0 {
		return r, nil
	}
	var err error
	if r.others, err = bench.Fill(e.ctx, a, org, int(time.Now().UnixMilli()), c.Requests/2, true, func(int64) {}); err != nil {
		return nil, err
	}
	r.officer, err = a.Accounts.Issue(e.ctx, account.Token{Role: account.Officer, Org: org.ID}, "bench")
	return r, err
}

// run measures decisions before, while requests come in, while they are fulfilled,
// and after.
func (r *rush) run(e *env, c *benchCommand, decide func() *bench.Load) error {
	alone := func(when string) (bench.Result, error) {
		l := decide()
		l.Duration = c.Duration
		res, err := l.Run(e.ctx)
		fmt.Fprintf(e.stdout, "decisions %s: %s\n", when, res)
		return res, err
	}
	before, err := alone("before")
	if err != nil {
		return err
	}
	var ids []ident.ID
	var during [2]bench.Result
	for i, part := range []struct {
		what string
		do   func(ctx context.Context) error
	}{
		{"taken in", func(ctx context.Context) (err error) { ids, err = r.askAll(ctx, c.Requests); return err }},
		{"fulfilled", func(ctx context.Context) error { return r.fulfilAll(ctx, ids) }},
	} {
		took, err := beside(e.ctx, decide(), part.do, &during[i])
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%d requests %s in %s, %.0f/s; decisions meanwhile: %s\n",
			c.Requests, part.what, took.Round(time.Millisecond), float64(c.Requests)/took.Seconds(), during[i])
	}
	after, err := alone("after")
	if err != nil {
		return err
	}
	usual := (before.Rate() + after.Rate()) / 2
	p99 := (before.P99 + after.P99) / 2
	for i, what := range []string{"taken in", "fulfilled"} {
		fmt.Fprintf(e.stdout, "while requests are %s: %.0f %% of the decisions before and after, p99 %.1f times theirs\n",
			what, 100*during[i].Rate()/usual, float64(during[i].P99)/float64(p99))
	}
	return nil
}

// beside runs a load until do is done.
func beside(ctx context.Context, l *bench.Load, do func(ctx context.Context) error, out *bench.Result) (time.Duration, error) {
	load, stop := context.WithCancel(ctx)
	defer stop()
	l.Duration = time.Hour
	failed := make(chan error, 1)
	go func() {
		var err error
		*out, err = l.Run(load)
		failed <- err
	}()
	start := time.Now()
	err := do(ctx)
	took := time.Since(start)
	stop()
	return took, errors.Join(err, <-failed)
}

// askAll writes n demands down: half of them ask for a copy, the others for a block
// or for everything to be destroyed.
func (r *rush) askAll(ctx context.Context, n int) ([]ident.ID, error) {
	ids := make([]ident.ID, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, 1) // as they come in on a day, and no faster than they can be taken
	for w := range errs {
		wg.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				ids[i], errs[w] = r.ask(ctx, i)
			}
		})
	}
	wg.Wait()
	return ids, errors.Join(errs...)
}

func (r *rush) ask(ctx context.Context, i int) (ident.ID, error) {
	kind, who := request.Copy, r.calm[i/2*7919%len(r.calm)]
	if i%2 == 1 {
		who = r.others[i/2%len(r.others)]
		if kind = request.Block; i%4 == 1 {
			kind = request.Destroy
		}
	}
	var out struct {
		ID ident.ID `json:"id"`
	}
	err := r.post(ctx, "/v1/requests", map[string]any{
		"subject": who, "kind": kind, "details": map[string]string{"text": "after the leak"},
	}, &out)
	return out.ID, err
}

// fulfilAll fulfils demands by as many as one act takes, one act after another, as
// an officer does.
func (r *rush) fulfilAll(ctx context.Context, ids []ident.ID) error {
	for len(ids) > 0 {
		group := ids[:min(len(ids), request.MaxGroup)]
		ids = ids[len(group):]
		var out struct {
			Items []struct {
				ID     ident.ID       `json:"id"`
				Status request.Status `json:"status"`
				Code   string         `json:"code"`
			} `json:"items"`
		}
		if err := r.post(ctx, "/v1/requests/fulfil", map[string]any{"ids": group}, &out); err != nil {
			return err
		}
		for _, x := range out.Items {
			switch {
			case x.Code == "group-later": // not come to in time
				ids = append(ids, x.ID)
			case x.Status != request.Fulfilled:
				return fmt.Errorf("not fulfilled: %s %s", x.Status, x.Code)
			}
		}
	}
	return nil
}

func (r *rush) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"Authorization": {"Bearer " + r.officer}, "Content-Type": {"application/json"}}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %s %s", path, res.Status, answer)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}
