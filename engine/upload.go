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
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, refuse(ctx.Err())
	}
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
	pins, err := c.deployment(tx)
	if err != nil {
		return nil, err
	}
	base, err := c.deploy(pins, c.sources(tx))
	if err != nil {
		return nil, err
	}
	parsed, warnings, err := c.parse(tx, u, base)
	if err != nil {
		return nil, err
	}
	next := maps.Clone(pins)
	for i, f := range parsed {
		next[f.ID] = RevisionOf(u.sources[i].Text)
	}
	found, err := c.checkUpload(tx, parsed, base)
	if err != nil {
		return nil, err
	}
	if flows.HasErrors(found) {
		return nil, invalid(found)
	}
	found = append(warnings, found...)
	list := make([]Uploaded, len(parsed))
	for i, f := range parsed {
		list[i] = Uploaded{ID: f.ID, Revision: next[f.ID], Deployed: u.deploy || pins[f.ID] == next[f.ID], Warnings: ofFile(found, f.File)}
		if list[i].Created, err = c.keep(tx, f.ID, next[f.ID], u.sources[i].Text); err != nil {
			return nil, err
		}
	}
	if u.deploy && !maps.Equal(pins, next) {
		return list, c.setDeployment(tx, next)
	}
	return list, nil
}

// checkUpload checks flows against the deployment that they would be part of, and the
// deployed flows that call them against their new form. Nothing that it compiles is kept.
func (c *Catalog) checkUpload(tx *store.Tx, parsed []*flows.Flow, base *Bundle) ([]flows.Problem, error) {
	list, fresh := slices.Clone(parsed), map[string]bool{}
	for _, f := range parsed {
		fresh[f.ID] = true
	}
	read := c.sources(tx)
	for _, e := range base.callers(fresh) {
		src, err := read(e.id, e.revision)
		if isUnreadable(err) {
			continue // it is stopped already
		}
		if err != nil {
			return nil, err
		}
		if f, _ := flows.ParseStored(fileName(e.id), src); f != nil {
			list = append(list, f)
		}
	}
	var found []flows.Problem
	for f, problems := range flows.CheckEach(list, c.library(base.flow)) {
		found = append(found, judgeUpload(f, problems, fresh[f.ID], base.entries[f.ID])...)
	}
	return found, nil
}

// judgeUpload says which problems of a flow refuse an upload: all errors of a new text.
// Of what was accepted before, only what is new or does not fit the flows that it calls;
// before is the flow as it is deployed. What stopped a caller is no reason at all.
func judgeUpload(f *flows.Flow, problems []flows.Problem, fresh bool, before *entry) []flows.Problem {
	switch {
	case fresh && !f.IsStored():
		return problems
	case !fresh && before.program == nil:
		return nil
	}
	same := before != nil && before.revision == RevisionOf(f.Source)
	for i, p := range problems {
		if p.Tolerated && (same && !before.hasProblem(p) || !same && f.IsMisfit(p)) {
			problems[i].Warning, problems[i].Tolerated = false, false
		}
	}
	return problems
}

// parse reads the sources. What does not parse cleanly is checked all the same, so that
// its author gets all that is wrong at once.
func (c *Catalog) parse(tx *store.Tx, u upload, base *Bundle) ([]*flows.Flow, []flows.Problem, error) {
	var parsed []*flows.Flow
	var problems []flows.Problem
	seen := map[string]string{}
	for _, s := range u.sources {
		f, bad, err := c.parseOne(tx, or(s.File, fileName(u.id)), s.Text)
		if err != nil {
			return nil, nil, err
		}
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
			bad = append(bad, c.checkAlone(base, f, bad)...)
		}
		problems, parsed = append(problems, bad...), append(parsed, f)
	}
	if flows.HasErrors(problems) {
		return nil, nil, invalid(problems)
	}
	return parsed, problems, nil
}

// parseOne reads a source: strictly, unless it is a revision that was accepted before.
// So a rollback holds, and files that are deployed again at each start.
func (c *Catalog) parseOne(tx *store.Tx, file string, src []byte) (*flows.Flow, []flows.Problem, error) {
	f, bad := flows.Parse(file, src)
	if f == nil || !flowID(f.ID) {
		return f, bad, nil
	}
	recs, err := tx.Get(c.flowKey(f.ID, RevisionOf(src)))
	if err != nil {
		return nil, nil, err
	}
	if recs[0].Rev != 0 {
		f, bad = flows.ParseStored(file, src)
	}
	return f, bad, nil
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
func (c *Catalog) checkAlone(base *Bundle, f *flows.Flow, known []flows.Problem) []flows.Problem {
	if f == nil {
		return nil
	}
	var more []flows.Problem
	for _, p := range flows.Check(f, c.library(base.flow)) {
		if !slices.Contains(known, p) {
			more = append(more, p)
		}
	}
	return more
}

func (c *Catalog) library(flow func(id string) (*flows.Flow, bool)) flows.Library {
	return flows.Library{Capabilities: c.r.caps, Env: c.env, Flow: flow}
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
