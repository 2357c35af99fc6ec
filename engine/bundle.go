package engine

import (
	"context"
	"encoding/json"
	"errors"
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

// sources reads revisions in a unit of work.
func (c *Catalog) sources(tx *store.Tx) source {
	return func(id, revision string) ([]byte, error) {
		recs, err := tx.Get(c.flowKey(id, revision))
		if err != nil {
			return nil, err
		}
		return sourceOf(recs[0])
	}
}

// read reads revisions outside a unit of work.
func (c *Catalog) read(ctx context.Context) source {
	return func(id, revision string) ([]byte, error) {
		recs, err := c.r.db.Get(ctx, c.flowKey(id, revision))
		if err != nil {
			return nil, err
		}
		return sourceOf(recs[0])
	}
}

// errRevisionGone is of a revision that the store does not have, or not whole.
var errRevisionGone = errors.New("the revision is gone")

func sourceOf(rec store.Record) ([]byte, error) {
	if rec.Rev == 0 {
		return nil, fmt.Errorf("%w: %s", errRevisionGone, rec.Key)
	}
	var s stored
	if err := json.Unmarshal(rec.Value, &s); err != nil {
		return nil, fmt.Errorf("decode flow: %w: %w", errRevisionGone, err)
	}
	return []byte(s.Source), nil
}

// deployed is the bundle of everything deployed.
func (c *Catalog) deployed(tx *store.Tx) (*Bundle, error) {
	pins, err := c.deployment(tx)
	if err != nil {
		return nil, err
	}
	return c.deploy(pins, c.sources(tx))
}

// deploy is the bundle of all pins that are deployed now.
func (c *Catalog) deploy(pins map[string]string, read source) (*Bundle, error) {
	if len(pins) == 0 {
		return &Bundle{}, nil
	}
	b, err := c.cache.Bundle(pins, true, func() (*Bundle, error) { return c.link(pins, read) })
	if err == nil && !b.incomplete {
		c.cache.Deploy(b)
	}
	return b, err
}

// bundle is the bundle of an execution's pins, whatever is deployed by now.
func (c *Catalog) bundle(ctx context.Context, pins map[string]string) (*Bundle, error) {
	return c.bundleOf(pins, c.read(ctx))
}

func (c *Catalog) bundleOf(pins map[string]string, read source) (*Bundle, error) {
	return c.cache.Bundle(pins, false, func() (*Bundle, error) { return c.link(pins, read) })
}

// List returns the deployed flows by id.
func (c *Catalog) List(ctx context.Context) ([]FlowInfo, error) {
	b, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	list := []FlowInfo{}
	for _, id := range slices.Sorted(maps.Keys(b.entries)) {
		list = append(list, b.entries[id].info())
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
	b, err := c.deploy(pins, c.read(ctx))
	if err != nil {
		return nil, refuse(err)
	}
	return b, nil
}

// Flow returns the deployed flow, checked; do not change it. Errors: NOT_FOUND,
// FLOW_INVALID when it is stopped.
func (c *Catalog) Flow(ctx context.Context, id string) (*flows.Flow, error) {
	b, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	e, ok := b.entries[id]
	switch {
	case !ok:
		return nil, noFlow(id)
	case e.program == nil:
		return nil, invalid(e.problems)
	}
	return e.program.Flow, nil
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
