package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

var flowIDPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// flowID reports whether id may be part of a key.
func flowID(id string) bool { return len(id) <= 100 && flowIDPattern.MatchString(id) }

// source finds the text of a revision.
type source func(id, revision string) ([]byte, error)

// sources reads revisions in a unit of work; fresh are those not stored yet.
func (c *Catalog) sources(tx *store.Tx, fresh map[string]Source) source {
	return func(id, revision string) ([]byte, error) {
		if s, ok := fresh[id]; ok {
			return s.Text, nil
		}
		recs, err := tx.Get(c.flowKey(id, revision))
		if err != nil {
			return nil, err
		}
		return sourceOf(recs[0])
	}
}

func sourceOf(rec store.Record) ([]byte, error) {
	if rec.Rev == 0 {
		return nil, fmt.Errorf("the revision at %s is gone", rec.Key)
	}
	var s stored
	if err := json.Unmarshal(rec.Value, &s); err != nil {
		return nil, fmt.Errorf("decode flow: %w", err)
	}
	return []byte(s.Source), nil
}

// compile checks and compiles a set of flows together, each against the children that it
// will get.
func (c *Catalog) compile(pins map[string]string, read source) (*Bundle, []flows.Problem, error) {
	key := pinsKey(pins)
	if b := c.cached(key, pins); b != nil {
		return b, b.warnings, nil
	}
	b := &Bundle{programs: map[string]*Program{}}
	var problems []flows.Problem
	var parsed []*flows.Flow
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		src, err := read(id, pins[id])
		if err != nil {
			return nil, nil, err
		}
		f, bad := flows.Parse(fileName(id), src)
		problems = append(problems, bad...)
		if f != nil {
			parsed = append(parsed, f)
		}
	}
	problems = append(problems, flows.CheckAll(parsed, c.library(nil))...)
	for _, f := range parsed {
		b.programs[f.ID] = Compile(f, pins[f.ID])
	}
	if !flows.HasErrors(problems) {
		b.warnings = problems
		c.remember(key, b)
	}
	return b, problems, nil
}

// cached finds a bundle that has these pins, maybe among others: an execution's are a
// part of the deployment's until that changes.
func (c *Catalog) cached(key string, pins map[string]string) *Bundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.bundles[key]; b != nil {
		return b
	}
	for _, b := range c.bundles {
		if b.covers(pins) {
			c.bundles[key] = b
			return b
		}
	}
	return nil
}

// maxBundles bounds the cache of compiled flows. When it is full it starts anew:
// compiling again costs milliseconds.
const maxBundles = 256

func (c *Catalog) remember(key string, b *Bundle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.bundles) >= maxBundles {
		clear(c.bundles)
	}
	c.bundles[key] = b
}

// deployed is the bundle of everything deployed.
func (c *Catalog) deployed(tx *store.Tx) (*Bundle, error) {
	pins, err := c.deployment(tx)
	if err != nil {
		return nil, err
	}
	return c.bundled(pins, c.sources(tx, nil))
}

// bundle is the bundle of an execution's pins, whatever is deployed by now.
func (c *Catalog) bundle(ctx context.Context, pins map[string]string) (*Bundle, error) {
	return c.bundled(pins, func(id, revision string) ([]byte, error) {
		recs, err := c.r.db.Get(ctx, c.flowKey(id, revision))
		if err != nil {
			return nil, err
		}
		return sourceOf(recs[0])
	})
}

func (c *Catalog) bundled(pins map[string]string, read source) (*Bundle, error) {
	b, problems, err := c.compile(pins, read)
	if err != nil {
		return nil, err
	}
	if flows.HasErrors(problems) {
		return nil, fmt.Errorf("deployed flows do not check any more: %s %s", problems[0].Rule, problems[0].Text)
	}
	return b, nil
}

// List returns the deployed flows by id.
func (c *Catalog) List(ctx context.Context) ([]FlowInfo, error) {
	b, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	list := []FlowInfo{}
	for _, id := range slices.Sorted(maps.Keys(b.programs)) {
		p := b.programs[id]
		list = append(list, FlowInfo{ID: id, Title: p.Flow.Title, Revision: p.Revision, Public: p.Flow.Public})
	}
	return list, nil
}

func (c *Catalog) now(ctx context.Context) (*Bundle, error) {
	recs, err := c.r.db.Get(ctx, c.deployKey())
	if err != nil {
		return nil, refuse(err)
	}
	pins, err := decodePins(recs[0])
	if err != nil {
		return nil, refuse(err)
	}
	b, err := c.bundle(ctx, pins)
	if err != nil {
		return nil, refuse(err)
	}
	return b, nil
}

// Flow returns the deployed flow, checked; do not change it. Errors: NOT_FOUND.
func (c *Catalog) Flow(ctx context.Context, id string) (*flows.Flow, error) {
	b, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := b.programs[id]
	if !ok {
		return nil, noFlow(id)
	}
	return p.Flow, nil
}

func noFlow(id string) *Error {
	return &Error{Code: NotFound, Text: fmt.Sprintf("there is no flow %q", id)}
}

// Source returns a revision's text as it was uploaded; revision "" is the deployed one.
// Errors: NOT_FOUND.
func (c *Catalog) Source(ctx context.Context, id, revision string) (src []byte, rev string, err error) {
	if !flowID(id) {
		return nil, "", noFlow(id)
	}
	if revision == "" {
		recs, err := c.r.db.Get(ctx, c.deployKey())
		if err != nil {
			return nil, "", refuse(err)
		}
		pins, err := decodePins(recs[0])
		if err != nil {
			return nil, "", refuse(err)
		}
		if revision = pins[id]; revision == "" {
			return nil, "", noFlow(id)
		}
	}
	recs, err := c.r.db.Get(ctx, c.flowKey(id, revision))
	if err != nil {
		return nil, "", refuse(err)
	}
	if recs[0].Rev == 0 {
		return nil, "", noFlow(id)
	}
	if src, err = sourceOf(recs[0]); err != nil {
		return nil, "", refuse(err)
	}
	return src, revision, nil
}

// Revisions lists a flow's revisions, oldest first. Errors: NOT_FOUND.
func (c *Catalog) Revisions(ctx context.Context, id string) ([]RevisionInfo, error) {
	if !flowID(id) {
		return nil, noFlow(id)
	}
	recs, err := c.r.db.Get(ctx, c.deployKey())
	if err != nil {
		return nil, refuse(err)
	}
	pins, err := decodePins(recs[0])
	if err != nil {
		return nil, refuse(err)
	}
	var list []RevisionInfo
	for rec, err := range c.r.db.Scan(ctx, store.Under(c.flowKey(id, ""))) {
		if err != nil {
			return nil, refuse(err)
		}
		var s stored
		if err := json.Unmarshal(rec.Value, &s); err != nil {
			return nil, refuse(fmt.Errorf("decode flow: %w", err))
		}
		revision := string(rec.Key)[strings.LastIndexByte(string(rec.Key), '/')+1:]
		list = append(list, RevisionInfo{Revision: revision, CreatedAt: fromMillis(s.Created), Deployed: pins[id] == revision})
	}
	if list == nil {
		return nil, noFlow(id)
	}
	slices.SortStableFunc(list, func(a, b RevisionInfo) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list, nil
}
