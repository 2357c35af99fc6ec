package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// revision is the deployed revision of a flow.
func (s *site) revision(id string) string {
	s.t.Helper()
	var list struct{ Flows []engine.FlowInfo }
	s.manage("GET", "/v1/flows", nil, http.StatusOK, &list)
	for _, f := range list.Flows {
		if f.ID == id {
			return f.Revision
		}
	}
	return ""
}

func (s *site) upload(id, src string, status int) {
	s.t.Helper()
	s.manage("PUT", "/v1/flows/"+id, src, status, nil, "Content-Type", "application/yaml")
}

// ship restarts the site as a version that ships other templates.
func (s *site) ship(templates map[string]string) {
	s.t.Helper()
	files := fstest.MapFS{}
	for id, src := range templates {
		files[id+".yaml"] = &fstest.MapFile{Data: []byte(src)}
	}
	s.config.templates = files
	s.restart()
}

const (
	smallChild  = "schema: flow/v1\nid: small-child\nstart: a\nnodes:\n  a: { show: message, next: { continue: b } }\n  b: { end: done }\n"
	smallParent = "schema: flow/v1\nid: small-parent\npublic: true\nstart: a\nnodes:\n  a: { call: small-child, next: { done: b } }\n  b: { end: success }\n"
)

// TestTemplateThatNobodyEditedIsReplaced at the next start, with what it calls; an
// execution goes on with the revision that it began with.
func TestTemplateThatNobodyEditedIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.ship(map[string]string{"small-child": smallChild, "small-parent": smallParent})
	old := s.start("small-parent", nil)
	child := strings.Replace(smallChild, "end: done", "end: finished", 1)
	parent := strings.Replace(smallParent, "done: b", "finished: b", 1)
	s.ship(map[string]string{"small-child": child, "small-parent": parent})
	if got, want := s.revision("small-parent"), engine.RevisionOf([]byte(parent)); got != want {
		t.Errorf("deployed is %s, want %s", got, want)
	}
	old.get().act("continue", nil).end(engine.Completed, "")
	if want := engine.RevisionOf([]byte(smallParent)); old.e.Revision != want {
		t.Errorf("the execution ended at %s, want %s", old.e.Revision, want)
	}
	s.start("small-parent", nil).act("continue", nil).end(engine.Completed, "")
}

// TestEditedTemplateStays whether it was uploaded or rolled back, and the log says so;
// put back as it was shipped it follows again.
func TestEditedTemplateStays(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t)
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	second, third := smallChild+"# second\n", smallChild+"# third\n"
	s.ship(map[string]string{"small-child": smallChild})
	s.ship(map[string]string{"small-child": second})
	if got := s.revision("small-child"); got != engine.RevisionOf([]byte(second)) {
		t.Fatalf("not replaced: %s", got)
	}
	for name, edit := range map[string]func(){
		"upload": func() { s.upload("small-child", smallChild+"# ours\n", http.StatusCreated) },
		"rollback": func() {
			s.manage("POST", "/v1/flows/small-child/deploy", map[string]any{"revision": engine.RevisionOf([]byte(smallChild))}, http.StatusOK, nil)
		},
	} {
		edit()
		before := s.revision("small-child")
		log.Reset()
		s.ship(map[string]string{"small-child": third})
		if got := s.revision("small-child"); got != before {
			t.Errorf("after the %s: deployed is %s, want %s", name, got, before)
		}
		if !strings.Contains(log.String(), "small-child") {
			t.Errorf("after the %s the log says nothing: %s", name, &log)
		}
	}
	s.upload("small-child", second, http.StatusOK)
	s.ship(map[string]string{"small-child": third})
	if got, want := s.revision("small-child"), engine.RevisionOf([]byte(third)); got != want {
		t.Errorf("put back: deployed is %s, want %s", got, want)
	}
}

// TestTemplateThatDoesNotFitAnEditedOneStays, and keeps working; what fits is replaced.
func TestTemplateThatDoesNotFitAnEditedOneStays(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t)
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	alone := strings.Replace(smallChild, "small-child", "small-alone", 1)
	s.ship(map[string]string{"small-child": smallChild, "small-parent": smallParent, "small-alone": alone})
	s.upload("small-child", smallChild+"# ours\n", http.StatusCreated)
	child := strings.Replace(smallChild, "end: done", "end: finished", 1)
	parent := strings.Replace(smallParent, "done: b", "finished: b", 1)
	s.ship(map[string]string{"small-child": child, "small-parent": parent, "small-alone": alone + "# newer\n"})
	if got, want := s.revision("small-parent"), engine.RevisionOf([]byte(smallParent)); got != want {
		t.Errorf("small-parent is at %s, want %s", got, want)
	}
	if got, want := s.revision("small-alone"), engine.RevisionOf([]byte(alone+"# newer\n")); got != want {
		t.Errorf("small-alone is at %s, want %s", got, want)
	}
	if !strings.Contains(log.String(), "do not fit") {
		t.Errorf("the log says nothing: %s", &log)
	}
	s.start("small-parent", nil).act("continue", nil).end(engine.Completed, "")
}

// TestFolderWithAFlowThatCannotRunHoldsUpNoStart: its text is deployed already.
func TestFolderWithAFlowThatCannotRunHoldsUpNoStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.config.flows = t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(s.config.flows, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const broken = "schema: flow/v1\nid: broken\nstart: a\nnodes:\n  a: { uses: none/such, next: b }\n  b: { end: done }\n"
	write("broken.yaml", broken)
	write("small.yaml", smallChild)
	err := s.app.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error { // as a version that had none/such
		key := store.K(siteEnv, "deploy")
		recs, err := tx.Get(key)
		if err != nil {
			return err
		}
		revision := engine.RevisionOf([]byte(broken))
		tx.Put(key, []byte(strings.Replace(string(recs[0].Value), "{", fmt.Sprintf("{%q:%q,", "broken", revision), 1)))
		b, err := json.Marshal(map[string]any{"c": 1, "s": broken})
		tx.Put(store.K(siteEnv, "flow", "broken", revision), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.restart()
	if got, want := s.revision("small-child"), engine.RevisionOf([]byte(smallChild)); got != want {
		t.Errorf("small-child is at %q, want %s", got, want)
	}
	if status, b := s.call("GET", "/readyz", nil); status != http.StatusOK || !strings.Contains(string(b), "flow broken cannot run") {
		t.Errorf("readyz: %d %s", status, b)
	}
}

// TestReadinessNamesAFlowThatCannotRun: another program has spoiled a record; all other
// flows go on.
func TestReadinessNamesAFlowThatCannotRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.upload("small-child", smallChild, http.StatusCreated)
	s.upload("small-parent", smallParent, http.StatusCreated)
	err := s.app.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Put(store.K(siteEnv, "flow", "small-child", engine.RevisionOf([]byte(smallChild))), []byte(`{"c":1,"s":"schema: flow/v1\nid: small-child\nstart: a\nnodes: { a: { uses: none/such, next: b }, b: { end: done } }\n"}`))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.restart()
	status, b := s.call("GET", "/readyz", nil)
	for _, want := range []string{"flow small-child cannot run: small-child.yaml:4:", "flow small-parent cannot run"} {
		if status != http.StatusOK || !strings.Contains(string(b), want) {
			t.Errorf("readyz: %d %s, want %q", status, b, want)
		}
	}
	if status, b := s.call("POST", "/v1/flows/small-parent/executions", map[string]any{}); status != http.StatusServiceUnavailable || problemCode(t, b) != "UNAVAILABLE" {
		t.Errorf("a start answers %d %s", status, b)
	}
	s.start("sign-on-and-mfa", nil).see("username-password", "")
	s.upload("small-child", smallChild+"# mended\n", http.StatusCreated)
	s.start("small-parent", nil).see("message", "")
	if _, b := s.call("GET", "/readyz", nil); strings.Contains(string(b), "cannot run") {
		t.Errorf("readyz after the mend: %s", b)
	}
}
