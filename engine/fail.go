package engine

import (
	"math"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows"
)

// fail routes an error of node n: try again, the node's catch, the flow's catch, the
// node that called the flow, and at last the end of the execution.
func (w *walker) fail(n *flows.Node, info *ErrorInfo) error {
	if info.Path == nil {
		info.Path = w.path()
	}
	info.Details = publicDetails(info.Details)
	if n != nil && w.again(n, info) {
		return nil
	}
	for {
		w.st.top().Attempt = 0
		if n != nil {
			if r := routeFor(n.Catch, info.Code); r != nil {
				return w.caught(n, n.ID+"."+flows.CatchEdge(r.On), r, info)
			}
		}
		if r := routeFor(w.program().Flow.Catch, info.Code); r != nil {
			return w.caught(n, flows.CatchEdge(r.On), r, info)
		}
		if len(w.st.head.Frames) == 1 {
			return w.finish(eventFail, "failed", info)
		}
		w.dropTop()
		n = w.node()
	}
}

// caught takes a catch edge. A message whose parameters fail would lead here again, so
// it is dropped then.
func (w *walker) caught(n *flows.Node, edge string, r *flows.Route, info *ErrorInfo) error {
	w.st.top().Error = info
	route := *r
	if route.Message != nil {
		if _, err := w.object(route.Message.With, nil, place{kind: leaves}); err != nil {
			route.Message = &flows.Message{Pos: route.Message.Pos, Key: route.Message.Key}
		}
	}
	return w.follow(n, edge, &route, info)
}

// routeFor finds the catch edge for a code, "else" if nothing names it.
func routeFor(list []flows.Route, code string) *flows.Route {
	var fallback *flows.Route
	for i := range list {
		switch list[i].On {
		case code:
			return &list[i]
		case "else":
			fallback = &list[i]
		}
	}
	return fallback
}

// again arranges another attempt if `retry:` names the error and has tries left.
func (w *walker) again(n *flows.Node, info *ErrorInfo) bool {
	f := w.st.top()
	if n.Retry == nil || f.Attempt >= n.Retry.Max || !slices.Contains(n.Retry.Errors, info.Code) {
		return false
	}
	f.Attempt++
	wait := n.Retry.Delay
	if n.Retry.Backoff > 1 {
		wait = time.Duration(float64(wait) * math.Pow(n.Retry.Backoff, float64(f.Attempt-1)))
	}
	w.note(TraceEntry{Event: "retry", Error: info})
	if wait > 0 {
		w.call = &outside{nap: wait}
	}
	return true
}
