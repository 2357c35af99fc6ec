package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// Source is a flow's text and the name by which problems call it.
type Source struct {
	File string // "" takes the flow's id and ".yaml"
	Text []byte
}

// Put uploads a flow and deploys it if asked. id "" takes the file's. Nothing changes
// on an error: FLOW_INVALID with every Problem, of this flow and of those that call it.
func (c *Catalog) Put(ctx context.Context, id string, src []byte, deploy bool) (Uploaded, error) {
	list, err := c.update(ctx, upload{id: id, deploy: deploy, sources: []Source{{Text: src}}})
	if err != nil {
		return Uploaded{}, err
	}
	return list[0], nil
}

// PutAll uploads and deploys flows together: they are checked as the set that they are,
// so that a change which only holds in all of them at once is one call. All or nothing;
// errors as Put's.
func (c *Catalog) PutAll(ctx context.Context, list []Source) ([]Uploaded, error) {
	return c.update(ctx, upload{deploy: true, sources: list})
}

// Validate answers as Put with deploy would, and changes nothing.
func (c *Catalog) Validate(ctx context.Context, id string, src []byte) (Uploaded, error) {
	list, err := c.update(ctx, upload{id: id, deploy: true, dry: true, sources: []Source{{Text: src}}})
	if err != nil {
		return Uploaded{}, err
	}
	list[0].Deployed = false
	return list[0], nil
}

// upload is what is asked of the catalog at once.
type upload struct {
	id      string // the id that the one source must have; "" is any
	sources []Source
	deploy  bool
	dry     bool
}

var errDry = errors.New("dry run")

func (c *Catalog) update(ctx context.Context, u upload) ([]Uploaded, error) {
	var list []Uploaded
	err := c.r.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if list, err = c.put(tx, u); err == nil && u.dry {
			return errDry
		}
		return err
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, refuse(err)
	}
	return list, nil
}

func (c *Catalog) put(tx *store.Tx, u upload) ([]Uploaded, error) {
	parsed, err := c.parse(tx, u)
	if err != nil {
		return nil, err
	}
	pins, err := c.deployment(tx)
	if err != nil {
		return nil, err
	}
	next, fresh := maps.Clone(pins), map[string]Source{}
	for i, f := range parsed {
		next[f.ID], fresh[f.ID] = RevisionOf(u.sources[i].Text), Source{f.File, u.sources[i].Text}
	}
	_, problems, err := c.compile(next, c.sources(tx, fresh))
	if err != nil {
		return nil, err
	}
	for i := range problems { // compile names files by their flows
		if s, ok := fresh[strings.TrimSuffix(problems[i].File, ".yaml")]; ok {
			problems[i].File = s.File
		}
	}
	if flows.HasErrors(problems) {
		return nil, invalid(problems)
	}
	list := make([]Uploaded, len(parsed))
	for i, f := range parsed {
		list[i] = Uploaded{ID: f.ID, Revision: next[f.ID], Deployed: u.deploy || pins[f.ID] == next[f.ID], Warnings: ofFile(problems, f.File)}
		if list[i].Created, err = c.keep(tx, f.ID, next[f.ID], u.sources[i].Text); err != nil {
			return nil, err
		}
	}
	if u.deploy && !maps.Equal(pins, next) {
		return list, c.setDeployment(tx, next)
	}
	return list, nil
}

// parse reads the sources. What does not parse cleanly is checked all the same, so that
// its author gets all that is wrong at once.
func (c *Catalog) parse(tx *store.Tx, u upload) ([]*flows.Flow, error) {
	var parsed []*flows.Flow
	var problems []flows.Problem
	seen := map[string]string{}
	for _, s := range u.sources {
		f, bad := flows.Parse(or(s.File, fileName(u.id)), s.Text)
		if f != nil && f.ID != "" {
			f.File = or(f.File, fileName(f.ID))
			if u.id != "" && f.ID != u.id {
				bad = append(bad, otherID(f, u.id))
			}
			if other, twice := seen[f.ID]; twice {
				bad = append(bad, flows.Problem{File: f.File, Line: f.IDPos.Line, Column: f.IDPos.Column, Rule: "other-id",
					Text: fmt.Sprintf("`%s` is the id of %s too", f.ID, other), Hint: "give each flow an id of its own"})
			}
			seen[f.ID] = f.File
		}
		if f == nil || flows.HasErrors(bad) {
			bad = append(bad, c.checkAlone(tx, f, bad)...)
		}
		problems, parsed = append(problems, bad...), append(parsed, f)
	}
	if flows.HasErrors(problems) {
		return nil, invalid(problems)
	}
	return parsed, nil
}

// otherID is the problem of a file that is put under another id than its own.
func otherID(f *flows.Flow, path string) flows.Problem {
	return flows.Problem{
		File: f.File, Line: f.IDPos.Line, Column: f.IDPos.Column, Rule: "other-id",
		Text: fmt.Sprintf("the file's id is `%s`, the path says `%s`", f.ID, path),
		Hint: fmt.Sprintf("write `id: %s`, or put the file under %s", path, f.ID),
	}
}

// checkAlone finds what else is wrong with a flow that does not parse cleanly.
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
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	list = slices.DeleteFunc(list, func(p flows.Problem) bool { return p.Warning })
	return &Error{Code: FlowInvalid, Text: fmt.Sprintf("the flow has %d problem(s)", len(list)), Problems: list}
}
