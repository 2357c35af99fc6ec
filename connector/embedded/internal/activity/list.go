package activity

import (
	"net/http"
	"net/url"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/cursor"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// Activities serves the audit.
type Activities struct {
	Cursors   cursor.Sealer
	ScanLimit int // records that one page looks at, at most; 0 is no limit
}

// Routes are the routes of the audit.
func (s *Activities) Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: "activities", Run: s.list},
		{Method: http.MethodGet, Path: "activities/:activityID", Run: s.read},
	}
}

// schema is what activities may be filtered by.
var schema = scim.Schema{
	Attributes: []string{"recordedat", "correlationid", "actors.client.id", "actors.user.id", "action.type", "resources.id", "resources.type"},
	Operators:  []string{"eq"},
	Times:      []string{"recordedat"},
}

// list answers GET activities, newest first. It looks at ScanLimit records, at most: a
// page of a filter that matches few may be short, or empty, and still have a next one.
func (s *Activities) list(c *rest.Call) (rest.Reply, error) {
	filter := c.Query.Get("filter")
	f, err := scim.Parse(filter, schema)
	if err != nil {
		return rest.Reply{}, scim.Refusal(err)
	}
	limit, err := rest.PageSize(c.Query)
	if err != nil {
		return rest.Reply{}, err
	}
	before, err := s.Cursors.Open(c, "activities\n"+filter)
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := s.collect(c, f, limit, before)
	if err != nil {
		return rest.Reply{}, err
	}
	links := rest.LinkSet{"self": link(c, c.Query)}
	if p.more {
		q := url.Values{"cursor": {s.Cursors.Seal(c, "activities\n"+filter, p.last)}}
		for _, k := range []string{"filter", "limit"} {
			if v := c.Query.Get(k); v != "" {
				q.Set(k, v)
			}
		}
		links["next"] = link(c, q)
	}
	return rest.OK(map[string]any{
		"_links": links, "_embedded": map[string]any{"activities": p.found}, "size": len(p.found),
	})
}

func link(c *rest.Call, q url.Values) rest.Link {
	l := c.Links.API("activities")
	if len(q) > 0 {
		l.Href += "?" + q.Encode()
	}
	return l
}

// read answers GET activities/{id}.
func (s *Activities) read(c *rest.Call) (rest.Reply, error) {
	id, n, ok := split(c.Params["activityID"])
	if !ok {
		return rest.Reply{}, rest.Missing()
	}
	recs, err := c.Tx.Get(audit.Key(c.Env, id))
	if err != nil {
		return rest.Reply{}, err
	}
	if recs[0].Rev == 0 {
		return rest.Reply{}, rest.Missing()
	}
	all, err := activities(c, recs[0])
	if err != nil {
		return rest.Reply{}, err
	}
	if n >= len(all) {
		return rest.Reply{}, rest.Missing()
	}
	return rest.OK(all[n])
}

// activities are those of one record, oldest first.
func activities(c *rest.Call, rec store.Record) ([]Activity, error) {
	events, err := audit.Read(rec)
	if err != nil {
		return nil, err
	}
	correlation := ""
	for _, e := range events {
		if e.ExecutionID != "" {
			correlation = e.ExecutionID
		}
	}
	all := make([]Activity, len(events))
	for i, e := range events {
		if correlation == "" {
			correlation, _, _ = split(e.ID)
		}
		all[i] = show(c, e, correlation)
	}
	return all, nil
}
