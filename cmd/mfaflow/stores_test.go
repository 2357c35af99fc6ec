package main

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/server/servertest"
	"github.com/mfaflow/mfaflow/store/audit"
)

// storeMade is what testdata/stores/make.go tells of a store.
type storeMade struct {
	At      time.Time
	Key     string
	Users   map[string]string
	Waiting map[string]struct{ ID, Handle, Revision, Screen string }

	Deployed map[string]string
}

// openStore starts a site on a copy of an earlier version's store, a minute after that
// version ended.
func openStore(t *testing.T, dir string) (*site, storeMade) {
	t.Helper()
	var made storeMade
	b, err := os.ReadFile(filepath.Join(dir, "made.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &made); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, clock: &virtual{now: made.At.Add(time.Minute)}, client: servertest.Client(t)}
	s.config = config{
		listen: "127.0.0.1:0", data: privateDir(t), dev: true, token: siteToken, environment: siteEnv, key: made.Key,
		now: s.clock.Now, hashCost: cheap,
	}
	db, err := os.ReadFile(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config.path("mfaflow.db"), db, 0o600); err != nil {
		t.Fatal(err)
	}
	writeWitness(t, s.config.path("mfaflow.db.witness"))
	s.open()
	t.Cleanup(s.close)
	return s, made
}

// writeWitness makes the copied store one that was never moved: without its witness it
// counts as a restored backup, whose tokens and codes are dead.
func writeWitness(t *testing.T, path string) {
	t.Helper()
	slot := append([]byte("mfaflow!"), make([]byte, 24)...) // turn, revision, birth of the file: not known
	slot[15], slot[23] = 1, 1
	slot = binary.BigEndian.AppendUint32(slot, crc32.Checksum(slot, crc32.MakeTable(crc32.Castagnoli)))
	if err := os.WriteFile(path, slot, 0o600); err != nil {
		t.Fatal(err)
	}
}

// eachStore runs a test on each store that is kept.
func eachStore(t *testing.T, run func(t *testing.T, s *site, made storeMade)) {
	t.Helper()
	dirs, err := filepath.Glob("testdata/stores/*/store.db")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no stores: %v", err)
	}
	for _, db := range dirs {
		dir := filepath.Dir(db)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			s, made := openStore(t, dir)
			run(t, s, made)
		})
	}
}

// resume takes up an execution that an earlier version left waiting.
func (s *site) resume(made storeMade, name string) *login {
	s.t.Helper()
	w := made.Waiting[name]
	l := (&login{s: s, id: w.ID, handle: w.Handle}).get().see(w.Screen, "")
	if l.e.Revision != w.Revision {
		s.t.Errorf("%s goes on with %s, want %s", name, l.e.Revision, w.Revision)
	}
	return l
}

// TestStoreOfAnEarlierVersionServes all that it served: every flow that it accepted
// runs, whatever rules have been made since.
func TestStoreOfAnEarlierVersionServes(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, s *site, made storeMade) {
		if status, b := s.call("GET", "/readyz", nil); status != http.StatusOK || strings.Contains(string(b), "cannot run") {
			t.Errorf("readyz: %d %s", status, b)
		}
		var list struct{ Flows []engine.FlowInfo }
		s.manage("GET", "/v1/flows", nil, http.StatusOK, &list)
		found := map[string]engine.FlowInfo{}
		for _, f := range list.Flows {
			found[f.ID] = f
			if f.Stopped {
				t.Errorf("%s is stopped: %+v", f.ID, f.Problems)
			}
		}
		for id, revision := range made.Deployed {
			text, err := fs.ReadFile(flows.Templates(), id+".yaml")
			if err == nil && wasShipped(id, revision) {
				revision = engine.RevisionOf(text)
			}
			if found[id].Revision != revision {
				t.Errorf("%s is deployed at %q, want %s", id, found[id].Revision, revision)
			}
		}
		for name := range made.Waiting {
			s.resume(made, name)
		}
	})
}

// TestWaitingExecutionOutlivesAnUpgrade: it goes on to its end, the message that was not
// delivered is, and who signed on before signs on again.
func TestWaitingExecutionOutlivesAnUpgrade(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, s *site, made storeMade) {
		tina := s.resume(made, "sign-on-and-mfa")
		mails := s.inbox("tina@example.com")
		if len(mails) != 1 {
			t.Fatalf("%d mails of the earlier version were delivered, want 1", len(mails))
		}
		tina.act("submit", code(mails[0].Code)).end(engine.Completed, "")
		if tina.e.Result == nil || tina.e.Result.UserID != made.Users["tina"] {
			t.Errorf("ended with %s", tina.raw)
		}
		s.resume(made, "pinned").act("continue", nil).end(engine.Completed, "")
		s.resume(made, "network").act("continue", nil).end(engine.Completed, "")
		person, _ := s.resume(made, "show-devices").e.Step.With["person"].(map[string]any)
		if person["id"] != made.Users["ben"] {
			t.Errorf("the screen of an accepted flow shows %v of a person", person)
		}
		s.start("sign-on-and-mfa", nil).act("submit", credentials("tina", benPassword)).see("otp", "")
	})
}

// TestOldProofIsJudgedAgain: an execution of an earlier version ends when the password that
// it proved is reset after the upgrade.
func TestOldProofIsJudgedAgain(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, s *site, made storeMade) {
		tina := s.resume(made, "sign-on-and-mfa")
		s.pingone("POST", "/v1/environments/"+siteEnv+"/users/"+made.Users["tina"]+"/password", "password.reset", map[string]any{"newPassword": "Another-9-secret-word"})
		mails := s.inbox("tina@example.com")
		tina.act("submit", code(mails[0].Code)).end(engine.Failed, connector.CodeCredentialsChanged)
	})
}

// TestAuditOfAnEarlierVersionVerifies, and is chained further.
func TestAuditOfAnEarlierVersionVerifies(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, s *site, made storeMade) {
		report, err := audit.Verify(t.Context(), s.app.db, siteEnv, audit.Head{})
		if err != nil || report.Bad != nil || report.Sealed == 0 {
			t.Fatalf("verify: %+v, %v", report, err)
		}
		s.start("pinned", nil)
		s.move(5 * time.Minute)
		s.app.tidy(t.Context(), audit.NewSealer(s.app.db, siteEnv, audit.Options{}))
		later, err := audit.Verify(t.Context(), s.app.db, siteEnv, report.Head)
		if err != nil || later.Bad != nil || later.Sealed <= report.Sealed {
			t.Errorf("verify later: %+v, %v", later, err)
		}
	})
}

// TestEditedTemplateOfAnEarlierVersionStays, and the log says so where a newer one is
// shipped.
func TestEditedTemplateOfAnEarlierVersionStays(t *testing.T) {
	t.Parallel()
	const edited = "sign-on-and-adaptive-mfa"
	eachStore(t, func(t *testing.T, s *site, made storeMade) {
		s.log = slog.New(slog.DiscardHandler)
		for range 2 {
			if got := s.revision(edited); got != made.Deployed[edited] {
				t.Errorf("%s is deployed at %s, want %s", edited, got, made.Deployed[edited])
			}
			s.restart()
		}
	})
}
