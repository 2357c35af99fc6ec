package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// post makes a request that must succeed.
func post(t *testing.T, w *sim.World, q pingone.Request) obj {
	t.Helper()
	q.Method = http.MethodPost
	r, err := w.API().Do(t.Context(), q)
	if err != nil || r.Status > 201 {
		t.Fatalf("%v: %d %s %v", q.Path, r.Status, r.Body, err)
	}
	return decode(t, r.Body)
}

// status reads that of a resource.
func status(t *testing.T, w *sim.World, kind string, id any) any {
	t.Helper()
	r, err := w.API().Do(t.Context(), pingone.Request{Host: pingone.HostAuth, Method: http.MethodGet, Path: pingone.Path{kind, id.(string)}})
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, r.Body)["status"]
}

// TestPhones holds that given and paired phones get pushes, approve and deny them, show
// codes, and outlive a crash.
func TestPhones(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{Dir: t.TempDir()})
	for name, device := range map[string]obj{"dan": {"type": "MOBILE", "nickname": "Fon"}, "eve": {"type": "MOBILE", "phone": "tablet"}} {
		if err := w.AddUser(t.Context(), name, obj{"devices": []any{device}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if d := device(t, w, "dan", 0); d["status"] != "ACTIVE" || d["type"] != "MOBILE" || d["nickname"] != "Fon" {
		t.Errorf("%v", d)
	}
	if err := w.PairPhone(t.Context(), "thief", "0000 0000 0000"); codeOf(err) == "" {
		t.Errorf("a wrong key: %v", err)
	}
	if err := w.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	users, err := w.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin := func(user string) string {
		made := post(t, w, pingone.Request{Host: pingone.HostAuth, Path: pingone.Path{"deviceAuthentications"}, Body: obj{"user": obj{"id": users[user].(obj)["id"]}}})
		return made["id"].(string)
	}
	for _, c := range []struct{ user, phone, decision, want string }{
		{"dan", "", "approve", "COMPLETED"}, {"dan", "dan", "deny", "FAILED"}, {"eve", "tablet", "approve", "COMPLETED"},
	} {
		id := begin(c.user)
		list, err := w.Pushes(t.Context())
		if err != nil || len(list) != 1 || c.phone != "" && list[0].(obj)["phone"] != c.phone {
			t.Errorf("pushes: %v %v", list, err)
		}
		if err := w.AnswerPush(t.Context(), c.phone, c.decision, ""); err != nil {
			t.Error(err)
		}
		if got := status(t, w, "deviceAuthentications", id); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
	if err := w.AnswerPush(t.Context(), "", "approve", ""); err == nil || codeOf(err) != "" {
		t.Errorf("no push: %v", err)
	}
	if list, err := w.Paired(t.Context()); err != nil || len(list) != 2 || len(list[0].(obj)["code"].(string)) != 6 {
		t.Errorf("paired: %v %v", list, err)
	}
}

// TestNumberMatching holds that a policy can change the world's app without knowing its
// id, and that the number of a push is told.
func TestNumberMatching(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	if err := w.AddUser(t.Context(), "dan", obj{"devices": []any{obj{"type": "MOBILE"}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.SetPolicy(t.Context(), obj{"mobile": obj{"applications": []any{obj{"push": obj{"numberMatching": obj{"enabled": true}}}}}}); err != nil {
		t.Fatal(err)
	}
	users, err := w.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := post(t, w, pingone.Request{Host: pingone.HostAuth, Path: pingone.Path{"deviceAuthentications"}, Body: obj{"user": obj{"id": users["dan"].(obj)["id"]}}})
	if err := w.AnswerPush(t.Context(), "", "approve", ""); codeOf(err) != "REQUIRED_VALUE" {
		t.Errorf("no number: %v", err)
	}
	if err := w.AnswerPush(t.Context(), "", "approve", "x"); err == nil {
		t.Error("a number that is none was sent")
	}
	number, _ := made["numberMatching"].(obj)
	if err := w.AnswerPush(t.Context(), "", "approve", fmt.Sprint(number["number"])); err != nil {
		t.Error(err)
	}
	if got := status(t, w, "deviceAuthentications", made["id"]); got != "COMPLETED" {
		t.Errorf("the right number: %v", got)
	}
}

// TestAuthenticationCodes holds that a phone looks at codes, claims and answers them.
func TestAuthenticationCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	if err := w.AddUser(t.Context(), "dan", obj{"devices": []any{obj{"type": "MOBILE"}}}); err != nil {
		t.Fatal(err)
	}
	ask := func() obj {
		return post(t, w, pingone.Request{Host: pingone.HostAuth, Path: pingone.Path{"authenticationCodes"}, Body: obj{
			"application": obj{"id": embedded.NativeApplication(sim.Environment)}, "clientContext": obj{"header": "Bank"}}})
	}
	is := func(made obj) any { return status(t, w, "authenticationCodes", made["id"]) }
	made := ask()
	shown, err := w.ReadCode(t.Context(), "", made["code"].(string), false)
	if err != nil || shown["clientContext"].(obj)["header"] != "Bank" || is(made) != "UNCLAIMED" {
		t.Errorf("look: %v %v", shown, err)
	}
	if _, err := w.ReadCode(t.Context(), "dan", made["code"].(string), true); err != nil || is(made) != "CLAIMED" {
		t.Errorf("claim: %v", err)
	}
	if _, err := w.ReadCode(t.Context(), "dan", made["uri"].(string), true); codeOf(err) == "" {
		t.Errorf("claim again: %v", err)
	}
	if err := w.AnswerCode(t.Context(), "dan", made["uri"].(string), "approve"); err != nil || is(made) != "COMPLETED" {
		t.Errorf("approve: %v", err)
	}
	made = ask()
	if err := w.AnswerCode(t.Context(), "", made["uri"].(string), "deny"); err != nil || is(made) != "DENIED" {
		t.Errorf("deny at once: %v", err)
	}
	if _, err := w.ReadCode(t.Context(), "eve", made["code"].(string), false); err == nil {
		t.Error("a phone that is not there read a code")
	}
}

func decode(t *testing.T, b []byte) obj {
	t.Helper()
	var o obj
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return o
}
