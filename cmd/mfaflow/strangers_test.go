package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// persons are the names that a stranger may try, all of three letters, and what has become
// of them. The first is an account like any other.
var persons = []struct {
	name, is string
}{
	{"ben", "an account with a device"}, {"sam", "an account with a phone"}, {"ana", "an account without a device"}, {"nob", "nobody"}, {"dis", "disabled"},
	{"loc", "locked"}, {"blo", "of a blocked device"}, {"off", "with MFA off"}, {"pen", "of a device that waits for its activation"},
}

// makePersons makes all of them on a site. MFA off keeps people out by the policy.
func makePersons(s *site) {
	s.t.Helper()
	s.policy(func(p map[string]any) { p["blockUsersWithDisabledMfa"] = true })
	api := "/v1/environments/" + siteEnv + "/users/"
	ids := map[string]string{}
	for _, p := range persons {
		switch p.name {
		case "nob":
		case "ana", "pen", "sam":
			ids[p.name] = s.user(p.name, benPassword)
		default:
			ids[p.name] = s.user(p.name, benPassword, p.name+"@example.com")
		}
	}
	vendor := func(name string) []string {
		return []string{"Content-Type", "application/vnd.pingidentity." + name + "+json"}
	}
	s.manage("PUT", api+ids["dis"]+"/enabled", map[string]any{"enabled": false}, http.StatusOK, nil)
	s.manage("PUT", api+ids["off"]+"/mfaEnabled", map[string]any{"mfaEnabled": false}, http.StatusOK, nil)
	s.manage("POST", api+ids["loc"], map[string]any{}, http.StatusOK, nil, vendor("account.lock")...)
	s.manage("POST", api+ids["pen"]+"/devices", map[string]any{"type": "SMS", "phone": "+12025550100", "status": "ACTIVATION_REQUIRED"}, http.StatusCreated, nil)
	s.manage("POST", api+ids["sam"]+"/devices", map[string]any{"type": "SMS", "phone": "+12025550101", "status": "ACTIVE"}, http.StatusCreated, nil)
	var list struct {
		Embedded struct{ Devices []struct{ ID string } } `json:"_embedded"`
	}
	s.manage("GET", api+ids["blo"]+"/devices", nil, http.StatusOK, &list)
	s.manage("POST", api+ids["blo"]+"/devices/"+list.Embedded.Devices[0].ID, map[string]any{}, http.StatusOK, nil, vendor("device.block")...)
}

// What a stranger does, action by action; an action that the step does not offer is sent all
// the same. "=" begins a flow, "+" moves the clock.
var strangerWalks = []string{
	"=passwordless-authentication name wrong change pick resend resend resend resend get wrong wrong wrong cancel",
	"=passwordless-authentication name +31m wrong resend wrong cancel",
	"=passwordless-authentication name wrong wrong wrong cancel",
	"=passwordless-authentication name wrong wrong wrong cancel",
	"=passwordless-authentication name wrong wrong wrong cancel",
	"=passwordless-authentication name continue continue cancel",
	"+15m =passwordless-authentication name wrong get change cancel",
	"+1h =passwordless-authentication name",
	"=one-time-use-device-authentication name no-address other resend resend resend resend wrong change change wrong wrong wrong cancel",
	"=one-time-use-device-authentication name change wrong change pick resend wrong wrong cancel",
	"=passwordless-authentication name wrong wrong cancel",
	"=passwordless-sign-on-with-biometrics name passkey assert passkey failed passkey assert password cancel",
	"=passwordless-authentication name wrong wrong cancel",
	"=passwordless-sign-on-with-biometrics name passkey assert passkey assert passkey assert passkey cancel",
	"=passwordless-sign-on-with-biometrics name password password cancel",
	"=sign-on-and-mfa credentials credentials cancel",
	"=sign-on-and-adaptive-mfa credentials cancel",
}

var strangerActions = map[string]struct {
	action string
	form   map[string]any
}{
	"wrong": {"submit", code("000000")}, "change": {"change_device", nil}, "resend": {"resend", nil}, "cancel": {"cancel", nil},
	"continue": {"continue", nil}, "no-address": {"submit", map[string]any{"type": "EMAIL"}}, "passkey": {"use_passkey", nil}, "failed": {"failed", nil},
	"other":    {"submit", map[string]any{"type": "EMAIL", "email": "mallory@example.net"}},
	"assert":   {"submit", map[string]any{"assertion": "{}", "origin": "https://mfaflow.example"}},
	"password": {"submit", map[string]any{"password": "not the password 1"}},
}

// sight is what a stranger sees of one action, and what it cost.
type sight struct {
	Did, Saw string
	Commits  uint64
	records  uint64
}

// walkAs walks as a stranger who tries a name, and notes all that is seen.
func walkAs(s *site, name string) (all []sight) {
	s.t.Helper()
	var l *login
	for _, walk := range strangerWalks {
		for _, word := range strings.Fields(walk) {
			before := s.app.db.Stats()
			switch {
			case word[0] == '+':
				d, err := time.ParseDuration(word[1:])
				if err != nil {
					s.t.Fatal(err)
				}
				s.move(d)
				continue
			case word[0] == '=':
				l = s.begin(word[1:], map[string]any{"inputs": map[string]any{}, "client": map[string]any{"webauthn": "FULL"}})
			case word == "get":
				l.get()
			default:
				l.try(word, name)
			}
			after := s.app.db.Stats()
			all = append(all, sight{Did: walk + ": " + word, Saw: maskRandom(string(l.raw), name), Commits: after.Commits - before.Commits, records: after.Records - before.Records})
		}
	}
	return all
}

// try sends an action of a stranger; a refusal is what is seen then.
func (l *login) try(word, name string) {
	l.s.t.Helper()
	a := strangerActions[word]
	switch word {
	case "name":
		a.action, a.form = "submit", map[string]any{"username": name}
	case "credentials":
		a.action, a.form = "submit", credentials(name, "not the password 1")
	case "pick":
		a.action = "submit"
		if m := anyID.FindString(string(l.raw[strings.Index(string(l.raw), `"with"`)+1:])); m != "" {
			a.form = map[string]any{"deviceId": m}
		}
	}
	token := "none"
	if l.e.Step != nil {
		token = l.e.Step.Token
	}
	status, b := l.post(token, a.action, a.form)
	if status == http.StatusOK {
		l.take(b)
		return
	}
	l.raw = fmt.Appendf(nil, "%d %s", status, b)
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	anyTime   = regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`)
	anySecret = regexp.MustCompile(`"(token|handle)":"([^"]+)"`)
	anyBytes  = regexp.MustCompile(`\[-?\d+(?:,-?\d+)*\]`)
)

// maskRandom leaves of what is random only its length.
func maskRandom(raw, name string) string {
	raw = anyID.ReplaceAllString(raw, "ID")
	raw = anyTime.ReplaceAllString(raw, "TIME")
	raw = anySecret.ReplaceAllStringFunc(raw, func(m string) string { return fmt.Sprintf("SECRET of %d", len(m)) })
	raw = anyBytes.ReplaceAllStringFunc(raw, func(m string) string { return fmt.Sprintf("BYTES of %d", strings.Count(m, ",")+1) })
	return strings.ReplaceAll(raw, `"`+name+`"`, "NAME")
}

// recordsApart is by how many records the same action may differ between two names: a message
// to an address that nobody has proven is counted for address, execution, client and
// environment, one that is not sent is not.
const recordsApart = 5

// Whatever a stranger does with a name, in every public template that takes one, the answers
// are the same, and so are the commits, and within a few the records that they write.
func TestStrangersSeeTheSameForEveryName(t *testing.T) {
	t.Parallel()
	walked := make([][]sight, len(persons))
	t.Run("walk", func(t *testing.T) {
		for i, p := range persons {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				makePersons(s)
				walked[i] = walkAs(s, p.name)
			})
		}
	})
	waited := slices.ContainsFunc(walked[0], func(x sight) bool { return strings.Contains(x.Saw, "otp.wait") })
	if !waited {
		t.Error("after ten wrong codes nobody was told to wait: the walks do not get there")
	}
	for i, p := range persons[1:] {
		apart := 0
		for j, want := range walked[0] {
			got := walked[i+1][j]
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(sight{}), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "records" }, cmp.Ignore())); diff != "" && apart < 3 {
				apart++
				t.Errorf("somebody who is %s is told from %s (-%s +%s):\n%s", p.is, persons[0].is, persons[0].name, p.name, diff)
			}
			if d := int64(want.records) - int64(got.records); d > recordsApart || -d > recordsApart {
				t.Errorf("%s: %d records for %s, %d for %s", want.Did, want.records, persons[0].name, got.records, p.name)
			}
		}
	}
}

// All spellings of a name are one, also of one that nobody has, which is the same the next
// day.
func TestADecoyIsStable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	device := func(name string) string {
		t.Helper()
		l := s.start("passwordless-authentication", nil).act("submit", map[string]any{"username": name}).act("change_device", nil).see("device-list", "")
		return anyID.FindString(string(l.raw[strings.Index(string(l.raw), `"with"`):]))
	}
	s.user("ben", benPassword, "ben@example.com")
	known := device("ben")
	for _, other := range []string{"BEN", " ben ", "ｂen"} {
		if got := device(other); got != known {
			t.Errorf("the device of %q is %s, of ben %s", other, got, known)
		}
	}
	first := device("straße")
	for _, other := range []string{"STRASSE", "ｓtrasse", "Straße", "strasse "} {
		if got := device(other); got != first {
			t.Errorf("the device of %q is %s, of another spelling %s", other, got, first)
		}
	}
	s.restart()
	s.move(24 * time.Hour)
	if got := device("strasse"); got != first {
		t.Errorf("the next day the device is %s, want %s", got, first)
	}
	if got := device("other"); got == first {
		t.Error("two names have one device")
	}
}
