package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// Catalog holds flows in the store: every revision ever uploaded, and one record that
// says which revision of each flow is deployed. A deployment is checked as a whole, so
// no flow ever calls another that does not fit.
type Catalog struct {
	r   *Runner
	env []string // names of env.*

	check func(*flows.Flow, flows.Library) []flows.Problem // flows.Check
	cache *programCache

	// turn is held by the upload that is being checked: a flow of the largest size takes
	// 200 MB for a second or two, and whoever deploys at the same time would be in conflict.
	turn chan struct{}
}

// Uploaded says what became of a flow.
type Uploaded struct {
	ID       string          `json:"id"`
	Revision string          `json:"revision"` // "sha256:" and the content's digest in hex
	Deployed bool            `json:"deployed"`
	Created  bool            `json:"-"` // the revision was not known before
	Warnings []flows.Problem `json:"warnings"`
}

// FlowInfo is a deployed flow.
type FlowInfo struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Revision string `json:"revision"`
	Public   bool   `json:"public"`

	// Stopped: this version cannot run the flow, and Problems says why. It starts again
	// when an upload mends it, or the flow that it calls.
	Stopped  bool            `json:"stopped,omitempty"`
	Problems []flows.Problem `json:"problems,omitempty"`

	// Tolerated is what the flow, accepted by an earlier version, would be refused for if
	// it were uploaded now.
	Tolerated []flows.Problem `json:"tolerated,omitempty"`
}

// RevisionInfo is one revision of a flow.
type RevisionInfo struct {
	Revision  string    `json:"revision"`
	CreatedAt time.Time `json:"createdAt"`
	Deployed  bool      `json:"deployed"`
}

// stored is a revision in the store.
type stored struct {
	Created int64  `json:"c"`
	Source  string `json:"s"`
}

func newCatalog(r *Runner, env map[string]string) *Catalog {
	return &Catalog{r: r, env: slices.Sorted(maps.Keys(env)), check: flows.Check, cache: newProgramCache(r.limits.ProgramBytes), turn: make(chan struct{}, 1)}
}

// CompiledBytes estimates what compiled flows take of memory.
func (c *Catalog) CompiledBytes() int64 { return c.cache.Bytes() }

// Compiled counts the flows that were compiled to be run, since the Runner was made.
func (c *Catalog) Compiled() int { return c.cache.CountCompiled() }

func (c *Catalog) flowKey(id, revision string) store.Key {
	return store.K(c.r.environment, "flow", id, revision)
}

func (c *Catalog) deployKey() store.Key { return store.K(c.r.environment, "deploy") }

// keep stores a revision and reports whether it was new.
func (c *Catalog) keep(tx *store.Tx, id, revision string, src []byte) (bool, error) {
	recs, err := tx.Get(c.flowKey(id, revision))
	if err != nil || recs[0].Rev != 0 {
		return false, err
	}
	b, err := json.Marshal(stored{Created: tx.Now().UnixMilli(), Source: string(src)})
	if err != nil {
		return false, fmt.Errorf("encode flow: %w", err)
	}
	tx.Put(c.flowKey(id, revision), b)
	return true, nil
}

// deployment reads which revision of each flow is deployed.
func (c *Catalog) deployment(tx *store.Tx) (map[string]string, error) {
	recs, err := tx.Get(c.deployKey())
	if err != nil {
		return nil, err
	}
	return decodePins(recs[0])
}

func decodePins(rec store.Record) (map[string]string, error) {
	pins := map[string]string{}
	if rec.Rev == 0 {
		return pins, nil
	}
	if err := json.Unmarshal(rec.Value, &pins); err != nil {
		return nil, fmt.Errorf("decode deployment: %w", err)
	}
	return pins, nil
}

func (c *Catalog) setDeployment(tx *store.Tx, pins map[string]string) error {
	b, err := json.Marshal(pins)
	if err != nil {
		return fmt.Errorf("encode deployment: %w", err)
	}
	tx.Put(c.deployKey(), b)
	return nil
}

// Deploy makes a known revision the one that new executions run: a rollback is one
// call. Errors: NOT_FOUND, FLOW_INVALID when the deployment as a whole would not hold.
func (c *Catalog) Deploy(ctx context.Context, id, revision string) (Uploaded, error) {
	var up Uploaded
	err := c.r.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		recs, err := tx.Get(c.flowKey(id, revision))
		if err != nil {
			return err
		}
		if !flowID(id) || recs[0].Rev == 0 {
			return &Error{Code: NotFound, Text: "there is no such revision of this flow"}
		}
		src, err := sourceOf(recs[0])
		if err != nil {
			return err
		}
		list, err := c.put(tx, upload{id: id, deploy: true, sources: []Source{{Text: src}}})
		if err == nil {
			up = list[0]
		}
		return err
	})
	if err != nil {
		return Uploaded{}, refuse(err)
	}
	return up, nil
}
