package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

//go:embed shipped.txt
var shippedBefore string

// templatesKey holds which revision of each template was deployed as it was shipped. A
// flow that has another revision deployed was edited: uploaded, or rolled back.
var templatesKey = store.K("system", "templates")

// upgradeTemplates deploys the templates that this version ships, in the place of those
// that an earlier one shipped. Edited ones stay, which the log says. Executions go on
// with the revisions that they began with.
func (a *app) upgradeTemplates(ctx context.Context) error {
	files := a.config.templates
	if files == nil {
		files = flows.Templates()
	}
	shipped, err := readFlows(files)
	if err != nil {
		return err
	}
	err = a.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		record, err := readTemplates(tx)
		if err != nil {
			return err
		}
		deployed, err := a.runner.Catalog().List(ctx)
		if err != nil {
			return err
		}
		before := maps.Clone(record)
		fresh, err := a.deployTemplates(ctx, chooseTemplates(shipped, deployed, record, a.log))
		if err != nil {
			return err
		}
		for _, s := range fresh {
			record[flowIDOf(s)] = engine.RevisionOf(s.text)
		}
		if maps.Equal(before, record) {
			return nil
		}
		b, err := json.Marshal(record)
		if err != nil {
			return err
		}
		tx.Put(templatesKey, b)
		return nil
	})
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	return nil
}

func readTemplates(tx *store.Tx) (map[string]string, error) {
	record := map[string]string{}
	recs, err := tx.Get(templatesKey)
	if err != nil || recs[0].Rev == 0 {
		return record, err
	}
	if err := json.Unmarshal(recs[0].Value, &record); err != nil {
		return nil, fmt.Errorf("decode the record of templates: %w", err)
	}
	return record, nil
}

func flowIDOf(s source) string { return strings.TrimSuffix(s.name, ".yaml") }

// chooseTemplates returns the templates that nobody has edited, nor taken away.
func chooseTemplates(shipped []source, deployed []engine.FlowInfo, record map[string]string, log *slog.Logger) []source {
	revisions := map[string]string{}
	for _, f := range deployed {
		revisions[f.ID] = f.Revision
	}
	var list []source
	for _, s := range shipped {
		id, own := flowIDOf(s), engine.RevisionOf(s.text)
		now, known := revisions[id], record[id]
		switch {
		case now == "" && known != "": // taken away
		case now == "" || now == own || now == known || known == "" && wasShipped(id, now):
			list = append(list, s)
		case known != own:
			log.Warn("an edited template stays as it is, although a newer one is shipped", slog.String("flow", id), slog.String("deployed", now), slog.String("shipped", own))
		}
	}
	return list
}

// wasShipped reports whether an earlier version shipped a revision, of those that did not
// yet remember what they deployed.
func wasShipped(id, revision string) bool {
	return slices.Contains(strings.Split(shippedBefore, "\n"), id+" "+revision)
}

// deployTemplates deploys templates as the set that they are, for one may need the new
// form of another. If an edited flow does not fit them all, those that do fit are
// deployed, each with what it calls. It returns those that are deployed now.
func (a *app) deployTemplates(ctx context.Context, list []source) ([]source, error) {
	err := a.deploy(ctx, list)
	if err == nil || !errors.Is(err, &engine.Error{Code: engine.FlowInvalid}) {
		return list, err
	}
	a.log.Error("the shipped templates do not fit a flow that was edited: those that fit are deployed, the others stay as they are",
		slog.Any("error", err))
	var fresh []source
	for _, s := range list {
		set := withTemplates(s, list)
		err := a.deploy(ctx, set)
		switch {
		case err == nil:
			for _, s := range set {
				if !slices.ContainsFunc(fresh, func(f source) bool { return f.name == s.name }) {
					fresh = append(fresh, s)
				}
			}
		case errors.Is(err, &engine.Error{Code: engine.FlowInvalid}):
			a.log.Warn("a template stays as it is", slog.String("flow", flowIDOf(s)))
		default:
			return nil, err
		}
	}
	return fresh, nil
}

// withTemplates is a template and those of a list that it calls, directly or through others.
func withTemplates(s source, list []source) []source {
	set := []source{s}
	for i := 0; i < len(set); i++ {
		f, _ := flows.Parse(set[i].name, set[i].text)
		if f == nil {
			continue
		}
		for _, other := range list {
			if slices.Contains(f.ListCalls(), flowIDOf(other)) && !slices.ContainsFunc(set, func(x source) bool { return x.name == other.name }) {
				set = append(set, other)
			}
		}
	}
	return set
}
