package embedded_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// activities reads all pages of a filter and returns the members.
func (w *world) activities(filter string, limit int) (list []obj) {
	w.t.Helper()
	path := fmt.Sprintf("activities?limit=%d&filter=%s", limit, escape(filter))
	for path != "" {
		r := w.api("GET", path, nil).want(200, "")
		members := r.at("_embedded.activities").([]any)
		if r.at("size") != float64(len(members)) || len(members) > limit {
			w.t.Fatalf("size: %s", r.Raw)
		}
		for _, m := range members {
			list = append(list, m.(obj))
		}
		path = strings.TrimPrefix(r.text("_links.next.href"), base+"/v1/environments/"+envID+"/")
	}
	return list
}

// happen writes events in a unit of their own.
func (w *world) happen(events ...audit.Event) {
	w.t.Helper()
	err := w.db.Update(w.t.Context(), func(_ context.Context, tx *store.Tx) error {
		for _, e := range events {
			if _, err := audit.Add(tx, envID, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func types(list []obj) (out []string) {
	for _, a := range list {
		out = append(out, a["action"].(obj)["type"].(string))
	}
	return out
}

func TestActivity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	list := w.activities("", 100)
	if len(list) != 1 {
		t.Fatalf("%d activities", len(list))
	}
	got := list[0]
	id := got["id"].(string)
	env := obj{"id": envID}
	href := func(s ...string) obj {
		return obj{"href": strings.Join(append([]string{base, "v1/environments", envID}, s...), "/")}
	}
	client := got["actors"].(obj)["client"].(obj)["id"]
	want := obj{
		"_links": obj{"self": href("activities", id), "environment": href()}, "id": id, "recordedAt": "2026-11-22T09:00:00.123Z",
		"correlationId": strings.TrimSuffix(id, ".0"), "action": obj{"type": "USER.CREATED", "description": "User created"},
		"actors": obj{
			"client": obj{"id": client, "name": "flow", "environment": env, "type": "CLIENT"},
			"user":   obj{"id": user, "environment": env, "type": "USER", "href": href("users", user)["href"]}},
		"resources": []any{obj{"type": "USER", "id": user, "environment": env}}, "result": obj{"status": "SUCCESS"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, w.api("GET", "activities/"+id, nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	record := strings.TrimSuffix(id, ".0")
	for _, bad := range []string{record, record + ".1", record + ".00", record + ".-1", record + ".x", envID + ".0", "x.0"} {
		w.api("GET", "activities/"+bad, nil).want(404, "NOT_FOUND")
	}
}

// What a flow's step does to users and devices has the execution's correlation.
func TestActivitiesOfAFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	const execution = "0199aaaa-0000-7000-8000-000000000001"
	err := w.db.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if _, err := w.svc.Do(ctx, request(pingone.HostAPI, "POST user.sendVerificationCode", "users/"+user, nil)); err != nil {
			return err
		}
		_, err := audit.Add(tx, envID, audit.Event{Type: "FLOW.STEPPED", ExecutionID: execution, Result: audit.Success})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := types(w.activities(`correlationid eq "`+strings.ToUpper(execution)+`"`, 100))
	if d := cmp.Diff([]string{"FLOW.STEPPED", "USER.UPDATED"}, got); d != "" {
		t.Error(d)
	}
}

func TestFilterActivities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben, device := w.ben() // 09:00:00.123
	w.clock.Move(time.Hour)
	joe := w.joe() // 10:00:00.123
	w.clock.Move(time.Hour)
	w.api("POST password.check", "users/"+ben+"/password", obj{"password": "not this one"}).want(400, "INVALID_VALUE") // 11:00:00.123
	all := []string{"PASSWORD.CHECK_FAILED", "USER.CREATED", "DEVICE.CREATED", "USER.CREATED"}
	for filter, want := range map[string][]string{
		``:                                              all,
		`action.type eq "user.created"`:                 {all[1], all[3]},
		`ACTORS.USER.ID eq "` + joe + `"`:               {all[1]},
		`actors.user.id eq "` + ben + `"`:               {all[0], all[2], all[3]},
		`resources.id eq "` + device + `"`:              {all[2]},
		`resources.type eq "DEVICE"`:                    {all[2]},
		`recordedat gt "2026-11-22T10:00:00.123Z"`:      {all[0]},
		`recordedat ge "2026-11-22T10:00:00.123Z"`:      {all[0], all[1]},
		`recordedat lt "2026-11-22T10:00:00.123Z"`:      {all[2], all[3]},
		`recordedat le "2026-11-22T11:00:00.123+01:00"`: {all[1], all[2], all[3]},
		`recordedat gt "2026-11-22T09:30:00Z" and recordedat lt "2026-11-22T10:30:00Z"`:                                        {all[1]},
		`recordedat gt "2027-01-01T00:00:00Z"`:                                                                                 nil,
		`recordedat lt "0001-01-01T00:00:00Z"`:                                                                                 nil,
		`recordedat lt "9999-12-31T00:00:00Z" and recordedat ge "0001-01-01T00:00:00Z"`:                                        all,
		`recordedat gt "9999-12-31T00:00:00Z"`:                                                                                 nil,
		`(action.type eq "DEVICE.CREATED" or action.type eq "PASSWORD.CHECK_FAILED") and recordedat lt "2026-11-22T10:00:00Z"`: {all[2]},
	} {
		if d := cmp.Diff(want, types(w.activities(filter, 100))); d != "" {
			t.Errorf("%s: %s", filter, d)
		}
	}
	for _, filter := range []string{`recordedat eq "2026-11-22T10:00:00Z"`, `recordedat gt "noon"`, `action.type sw "U"`, `shoe eq "x"`, `(((`} {
		w.api("GET", "activities?filter="+escape(filter), nil).want(400, "INVALID_FILTER")
	}
	r := w.api("GET", "activities?filter="+escape(`recordedat co "x"`), nil).want(400, "INVALID_FILTER")
	if d := cmp.Diff([]any{"ge", "gt", "le", "lt"}, r.at("details.0.innerError.supportedOperators")); d != "" {
		t.Error(d)
	}
	w.api("GET", "activities?limit=0", nil).want(400, "OUT_OF_RANGE")
}

// Whatever the gaps between events and the size of pages, all pages together are the
// events that match, newest first, each once.
func TestPagesOfActivities(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, limits(func(l *embedded.Limits) { l.ScanActivities = rapid.SampledFrom([]int{0, 1, 3, 100}).Draw(r, "scan") }))
		var times []time.Time
		for i := range rapid.IntRange(0, 30).Draw(r, "units") {
			w.clock.Move(time.Duration(rapid.SampledFrom([]int64{0, 1, 7e5, 1e6, 5e9, 7e10, 9e12, 3e16}).Draw(r, "gap")))
			n := rapid.IntRange(1, 3).Draw(r, "events")
			var events []audit.Event
			for range n {
				events = append(events, audit.Event{Type: fmt.Sprint("T", i%2), Result: audit.Success})
				times = append(times, w.clock.Now().Truncate(time.Millisecond))
			}
			w.happen(events...)
		}
		filter, from := "", time.Time{}
		if len(times) > 0 && rapid.Bool().Draw(r, "bounded") {
			from = rapid.SampledFrom(times).Draw(r, "from")
			filter = `recordedat ge "` + from.Format(time.RFC3339Nano) + `"`
		}
		var want []string
		for _, at := range times {
			if !at.Before(from) {
				want = append(want, at.Format("2006-01-02T15:04:05.000Z"))
			}
		}
		slices.Reverse(want)
		var got, ids []string
		for _, a := range w.activities(filter, rapid.IntRange(1, 5).Draw(r, "limit")) {
			got = append(got, a["recordedAt"].(string))
			ids = append(ids, a["id"].(string))
		}
		if d := cmp.Diff(want, got); d != "" {
			r.Fatal(d)
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != len(got) {
			r.Fatal("an activity came twice")
		}
	})
}

// A moment with more records than one window holds is read all the same, also when the
// clock went back since.
func TestDenseActivities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.happen(audit.Event{Type: "FIRST"})
	w.clock.Move(time.Minute)
	for range 700 {
		w.happen(audit.Event{Type: "DENSE"})
	}
	w.clock.Move(5 * time.Second)
	w.happen(audit.Event{Type: "LAST"})
	for range 2 {
		got := types(w.activities("", 300))
		if len(got) != 702 || got[0] != "LAST" || got[701] != "FIRST" || got[1] != "DENSE" || got[700] != "DENSE" {
			t.Fatalf("%d activities", len(got))
		}
		w.clock.Move(-100 * 24 * time.Hour)
	}
}

// a cursor is good only as it was given, for the list that gave it.
func TestA36Cursors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.api("POST", "users", obj{"username": fmt.Sprint("user", i)}).want(201, "")
	}
	for _, list := range []string{"activities", "users"} {
		r := w.api("GET", list+"?limit=1", nil).want(200, "")
		next := r.text("_links.next.href")
		_, rest, _ := strings.Cut(next, "cursor=")
		token, _, _ := strings.Cut(rest, "&")
		if token == "" || strings.Contains(token, envID) {
			t.Fatalf("next %q", next)
		}
		w.api("GET", list+"?cursor="+token, nil).want(200, "")
		for i := range token {
			forged := token[:i] + string(rune('A'+(token[i]-'A'+1)%26)) + token[i+1:]
			if forged != token {
				w.api("GET", list+"?cursor="+forged, nil).want(400, "INVALID_REQUEST")
			}
			w.api("GET", list+"?cursor="+token[:i+1]+"=", nil).want(400, "INVALID_REQUEST")
		}
		for _, forged := range []string{"AAAA", token + "AAAA", escape("00000000-0000-0000-0000-000000000000")} {
			w.api("GET", list+"?cursor="+forged, nil).want(400, "INVALID_REQUEST")
		}
		other := map[string]string{"activities": "users", "users": "activities"}[list]
		w.api("GET", other+"?cursor="+token, nil).want(400, "INVALID_REQUEST")
		filter := map[string]string{"activities": `action.type eq "x"`, "users": `username eq "x"`}[list]
		w.api("GET", list+"?cursor="+token+"&filter="+escape(filter), nil).want(400, "INVALID_REQUEST")
	}
}

func TestActivitiesOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.send("POST", apiRoot+"/users", `{"username":"ben"}`, "Content-Type", "application/json").want(201, "")
	r := w.send("GET", apiRoot+"/activities?limit=1&filter="+escape(`action.type eq "USER.CREATED"`), "").want(200, "")
	if r.text("_embedded.activities.0.actors.client.name") != "worker" {
		t.Errorf("%s", r.Raw)
	}
	w.send("GET", apiRoot+"/activities", "", "Authorization", "").want(401, "INVALID_TOKEN")
	w.send("DELETE", apiRoot+"/activities", "").want(405, "INVALID_REQUEST")
}
