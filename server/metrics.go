package server

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

// metrics are counters in Prometheus' text format 0.0.4. Labels take values from the
// table of routes, known methods, status codes and execution states only, so a client
// cannot make new series.
type metrics struct {
	mu         sync.Mutex
	inFlight   int
	requests   map[requestKey]timing
	executions map[engine.Status]uint64
}

type requestKey struct {
	method, route string
	status        int
}

type timing struct {
	count   uint64
	seconds float64
}

func newMetrics() *metrics {
	return &metrics{requests: map[requestKey]timing{}, executions: map[engine.Status]uint64{}}
}

func (m *metrics) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight++
}

func (m *metrics) end(k requestKey, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight--
	t := m.requests[k]
	t.count++
	t.seconds += took.Seconds()
	m.requests[k] = t
}

// answered counts the state that a start, an answered step or a cancel led to.
func (m *metrics) answered(st engine.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.executions[st]++
}

func (m *metrics) write(w io.Writer, gauges map[string]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	describe(w, "mfaflow_http_requests_in_flight", "gauge", "Requests that are not answered yet.")
	fmt.Fprintf(w, "mfaflow_http_requests_in_flight %d\n", m.inFlight)
	keys := slices.SortedFunc(maps.Keys(m.requests), func(a, b requestKey) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.method, b.method), a.status-b.status)
	})
	describe(w, "mfaflow_http_requests_total", "counter", "Answered requests.")
	for _, k := range keys {
		fmt.Fprintf(w, "mfaflow_http_requests_total{%s} %d\n", k.labels(), m.requests[k].count)
	}
	describe(w, "mfaflow_http_request_seconds_total", "counter", "Time taken by them.")
	for _, k := range keys {
		fmt.Fprintf(w, "mfaflow_http_request_seconds_total{%s} %g\n", k.labels(), m.requests[k].seconds)
	}
	describe(w, "mfaflow_execution_answers_total", "counter", "States that starts, answers and cancels led to.")
	for _, st := range slices.Sorted(maps.Keys(m.executions)) {
		fmt.Fprintf(w, "mfaflow_execution_answers_total{status=%q} %d\n", st, m.executions[st])
	}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(gauges)) {
		if metric, _, _ := strings.Cut(name, "{"); metric != last {
			fmt.Fprintf(w, "# TYPE %s gauge\n", metric)
			last = metric
		}
		fmt.Fprintf(w, "%s %g\n", name, gauges[name])
	}
}

func describe(w io.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (k requestKey) labels() string {
	return fmt.Sprintf("method=%q,route=%q,status=\"%d\"", k.method, k.route, k.status)
}

// showMetrics is GET /metrics.
func (s *Server) showMetrics(c echo.Context) error {
	var gauges map[string]float64
	if s.opt.Gauges != nil {
		gauges = s.opt.Gauges()
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/plain; version=0.0.4; charset=utf-8")
	c.Response().WriteHeader(http.StatusOK)
	s.metrics.write(c.Response(), gauges)
	return nil
}
