package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
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

	mu      sync.Mutex
	bundles map[string]*Bundle // by pinsKey; a bundle never changes
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
	return &Catalog{r: r, env: slices.Sorted(maps.Keys(env)), bundles: map[string]*Bundle{}}
}

// Put uploads a flow and deploys it if asked. id "" takes the file's. Nothing changes
// on an error: FLOW_INVALID with every Problem, of this flow and of those that call it.
func (c *Catalog) Put(ctx context.Context, id string, src []byte, deploy bool) (Uploaded, error) {
	var up Uploaded
	err := c.r.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		up, err = c.put(tx, id, src, deploy)
		return err
	})
	if err != nil {
		return Uploaded{}, refuse(err)
	}
	return up, nil
}

// Validate answers as Put with deploy would, and changes nothing.
func (c *Catalog) Validate(ctx context.Context, id string, src []byte) (Uploaded, error) {
	var up Uploaded
	dry := fmt.Errorf("dry run")
	err := c.r.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if up, err = c.put(tx, id, src, true); err != nil {
			return err
		}
		return dry
	})
	if err != dry {
		return Uploaded{}, refuse(err)
	}
	up.Deployed = false
	return up, nil
}

func (c *Catalog) put(tx *store.Tx, id string, src []byte, deploy bool) (Uploaded, error) {
	f, problems := flows.Parse(fileName(id), src)
	if f != nil && f.ID != "" && id != "" && f.ID != id {
		problems = append(problems, otherID(f, id))
	}
	if f == nil || flows.HasErrors(problems) {
		return Uploaded{}, invalid(append(problems, c.checkAlone(tx, f, problems)...))
	}
	up := Uploaded{ID: f.ID, Revision: RevisionOf(src)}
	pins, err := c.deployment(tx)
	if err != nil {
		return Uploaded{}, err
	}
	next := maps.Clone(pins)
	next[f.ID] = up.Revision
	_, problems, err = c.compile(next, c.sources(tx, map[string][]byte{f.ID: src}))
	if err != nil {
		return Uploaded{}, err
	}
	if flows.HasErrors(problems) {
		return Uploaded{}, invalid(problems)
	}
	up.Warnings = ofFile(problems, fileName(f.ID))
	if up.Created, err = c.keep(tx, f.ID, up.Revision, src); err != nil {
		return Uploaded{}, err
	}
	if deploy && pins[f.ID] != up.Revision {
		if err := c.setDeployment(tx, next); err != nil {
			return Uploaded{}, err
		}
	}
	up.Deployed = deploy || pins[f.ID] == up.Revision
	return up, nil
}

// otherID is the problem of a file that is put under another id than its own.
func otherID(f *flows.Flow, path string) flows.Problem {
	return flows.Problem{
		File: f.File, Line: f.IDPos.Line, Column: f.IDPos.Column, Rule: "other-id",
		Text: fmt.Sprintf("the file's id is `%s`, the path says `%s`", f.ID, path),
		Hint: fmt.Sprintf("write `id: %s`, or put the file under %s", path, f.ID),
	}
}

// checkAlone finds what else is wrong with a flow that does not parse cleanly, so that
// its author gets all of it at once.
func (c *Catalog) checkAlone(tx *store.Tx, f *flows.Flow, known []flows.Problem) []flows.Problem {
	if f == nil {
		return nil
	}
	pins, err := c.deployment(tx)
	if err != nil {
		return nil
	}
	b, _, err := c.compile(pins, c.sources(tx, nil))
	if err != nil {
		return nil
	}
	var more []flows.Problem
	for _, p := range flows.Check(f, c.library(b.programs)) {
		if !slices.Contains(known, p) {
			more = append(more, p)
		}
	}
	return more
}

// library is what flows are checked against, besides each other.
func (c *Catalog) library(programs map[string]*Program) flows.Library {
	return flows.Library{
		Capabilities: c.r.caps, Env: c.env,
		Flow: func(id string) (*flows.Flow, bool) {
			p, ok := programs[id]
			if !ok {
				return nil, false
			}
			return p.Flow, true
		},
	}
}

// RevisionOf names a flow's content.
func RevisionOf(src []byte) string {
	sum := sha256.Sum256(src)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func fileName(id string) string {
	if id == "" {
		return ""
	}
	return id + ".yaml"
}

func ofFile(list []flows.Problem, file string) []flows.Problem {
	mine := []flows.Problem{}
	for _, p := range list {
		if p.File == file {
			mine = append(mine, p)
		}
	}
	return mine
}

func invalid(list []flows.Problem) *Error {
	slices.SortStableFunc(list, func(a, b flows.Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	list = slices.DeleteFunc(list, func(p flows.Problem) bool { return p.Warning })
	return &Error{Code: FlowInvalid, Text: fmt.Sprintf("the flow has %d problem(s)", len(list)), Problems: list}
}

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
		up, err = c.put(tx, id, src, true)
		return err
	})
	if err != nil {
		return Uploaded{}, refuse(err)
	}
	return up, nil
}
