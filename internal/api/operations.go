package api

import (
	"bytes"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"kelisim/internal/fault"
)

type stateBody struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func (c *call) healthz() (*stateBody, error) { return &stateBody{"ok", c.Version}, nil }

func (c *call) readyz() (*stateBody, error) {
	if c.Ready != nil {
		if err := c.Ready(c.ctx()); err != nil {
			return nil, fault.Wrap(fault.Unavailable, "unavailable", err)
		}
	}
	return &stateBody{"ready", c.Version}, nil
}

// metricSet counts calls by route and status. Labels are routes as they are
// written in the code, never paths as they were called.
type metricSet struct {
	set *metrics.Set

	mu      sync.Mutex
	counted []string // kinds of what is due
}

func newMetrics() *metricSet { return &metricSet{set: metrics.NewSet()} }

func (m *metricSet) route(name string) func(status int, took time.Duration) {
	var classes [6]*metrics.Counter
	for i := 2; i < len(classes); i++ {
		classes[i] = m.set.NewCounter(`kelisim_requests_total{route="` + name + `",class="` + string(rune('0'+i)) + `xx"}`)
	}
	h := m.set.NewHistogram(`kelisim_request_seconds{route="` + name + `"}`)
	return func(status int, took time.Duration) {
		if i := status / 100; i >= 2 && i < len(classes) {
			classes[i].Inc()
		}
		h.Update(took.Seconds())
	}
}

func (c *call) showMetrics() (*raw, error) {
	var b bytes.Buffer
	if n, err := c.Store.LogSize(c.ctx()); err == nil {
		c.metrics.set.GetOrCreateGauge("kelisim_log_leaves", nil).Set(float64(n))
	}
	if f, err := c.Terms.Figures(c.ctx()); err == nil {
		c.metrics.set.GetOrCreateGauge("kelisim_terms_open", nil).Set(float64(f.Open))
		c.metrics.set.GetOrCreateGauge("kelisim_terms_overdue", nil).Set(float64(f.Overdue))
	}
	c.dueMetrics()
	if n, err := c.Requests.Overdue(c.ctx()); err == nil {
		c.metrics.set.GetOrCreateGauge("kelisim_requests_overdue", nil).Set(float64(n))
	}
	if f, err := c.Outbox.Figures(c.ctx()); err == nil {
		c.metrics.set.GetOrCreateGauge("kelisim_outbox_waiting", nil).Set(float64(f.Waiting))
		c.metrics.set.GetOrCreateGauge("kelisim_outbox_failed", nil).Set(float64(f.Failed))
		c.metrics.set.GetOrCreateGauge("kelisim_outbox_late", nil).Set(float64(f.Late))
	}
	c.metrics.set.WritePrometheus(&b)
	metrics.WriteProcessMetrics(&b)
	return &raw{"text/plain; version=0.0.4; charset=utf-8", b.Bytes()}, nil
}
