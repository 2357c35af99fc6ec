package embedded_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

const home = "203.0.113.9"

// riskEvent is an event of a user of the directory, at home, with changes.
func riskEvent(user string, more obj) obj {
	e := obj{"ip": home, "user": obj{"id": user, "type": "PING_ONE", "name": "ben"}, "flow": obj{"type": "AUTHENTICATION"}}
	for k, v := range more {
		e[k] = v
	}
	return obj{"event": e}
}

func (w *world) evaluate(user string, more obj) result {
	w.t.Helper()
	return w.api("POST", "riskEvaluations", riskEvent(user, more)).want(201, "")
}

func (w *world) closeRisk(id, status string) result {
	w.t.Helper()
	return w.api("PUT", "riskEvaluations/"+id+"/event", obj{"completionStatus": status})
}

// succeeded evaluates and closes with SUCCESS.
func (w *world) succeeded(user string, more obj) {
	w.t.Helper()
	w.closeRisk(w.evaluate(user, more).text("id"), "SUCCESS").want(200, "")
}

// wantRisk demands level and score.
func wantRisk(t *testing.T, r result, level string, score float64) {
	t.Helper()
	if r.text("result.level") != level || r.at("result.score") != score {
		t.Fatalf("%s %v, want %s %v\n%s", r.text("result.level"), r.at("result.score"), level, score, r.Raw)
	}
}

func withBrowser(agent, cookie string) obj {
	return obj{"browser": obj{"userAgent": agent, "cookie": cookie}}
}

// T5.1, T5.2, T5.5: a new browser is MEDIUM; once remembered it is LOW, at home; a copy on
// another machine, the same browser elsewhere, and one that was forgotten are not.
func TestT51RememberedBrowserIsLow(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		first := w.evaluate(user, nil)
		wantRisk(t, first, "MEDIUM", 40)
		if first.text("details.newDevice.level") != "MEDIUM" || first.text("details.userLocationAnomaly.level") != "LOW" {
			t.Errorf("%s", first.Raw)
		}
		device, cookie := w.remember(user, chrome133, nil)
		w.closeRisk(first.text("id"), "SUCCESS").want(200, "")

		second := w.evaluate(user, withBrowser(chrome133, cookie))
		wantRisk(t, second, "LOW", 0)
		if second.text("details.newDevice.status") != "KNOWN_DEVICE" || second.text("details.userLocationAnomaly.status") != "KNOWN_LOCATION" ||
			second.text("details.previousSuccessfulTransaction.ip") != home {
			t.Errorf("%s", second.Raw)
		}
		wantRisk(t, w.evaluate(user, withBrowser(chromeWin, cookie)), "MEDIUM", 40)
		elsewhere := withBrowser(chrome133, cookie)
		elsewhere["ip"] = "198.51.100.1"
		wantRisk(t, w.evaluate(user, elsewhere), "MEDIUM", 40)
		neighbour := withBrowser(chrome133, cookie)
		neighbour["ip"] = "::ffff:203.0.113.200"
		wantRisk(t, w.evaluate(user, neighbour), "LOW", 0)
		eve := w.user("eve")
		wantRisk(t, w.evaluate(eve, withBrowser(chrome133, cookie)), "MEDIUM", 40)

		next := w.wantKnown(true, user, cookie, chrome133, nil)
		wantRisk(t, w.evaluate(user, withBrowser(chrome133, cookie)), "MEDIUM", 40)
		wantRisk(t, w.evaluate(user, withBrowser(chrome133, next)), "LOW", 0)
		w.api("DELETE", "users/"+user+"/devices/"+device.text("id"), nil).want(204, "")
		wantRisk(t, w.evaluate(user, withBrowser(chrome133, next)), "MEDIUM", 40)
	}, withRemember)
}

// A device cookie of the caller's own is known after a success with it, and never shown.
func TestRiskDeviceCookie(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		const cookie = "c00kie-of-the-caller"
		r := w.evaluate(user, withBrowser(chrome133, cookie))
		wantRisk(t, r, "MEDIUM", 40)
		w.closeRisk(r.text("id"), "FAILED").want(200, "")
		wantRisk(t, w.evaluate(user, withBrowser(chrome133, cookie)), "MEDIUM", 40) // a failure teaches nothing
		w.succeeded(user, withBrowser(chrome133, cookie))
		wantRisk(t, w.evaluate(user, withBrowser(chrome133, cookie)), "LOW", 0)
		wantRisk(t, w.evaluate(w.user("eve"), withBrowser(chrome133, cookie)), "MEDIUM", 40)
		for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/risk")) {
			if err != nil || strings.Contains(string(rec.Value), cookie) || strings.Contains(string(rec.Key), user) || strings.Contains(string(rec.Key), home) {
				t.Errorf("%s, error %v: %s", rec.Key, err, rec.Value)
			}
		}
		if strings.Contains(string(r.Raw), cookie) {
			t.Errorf("%s", r.Raw)
		}
	})
}

// T5.3: a new browser in a new place, and failures before, are HIGH.
func TestT53High(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	w.succeeded(user, withBrowser(chrome133, "known"))
	away := obj{"ip": "198.51.100.1"}
	wantRisk(t, w.evaluate(user, away), "MEDIUM", 65)
	for range 3 {
		w.closeRisk(w.evaluate(user, away).text("id"), "FAILED").want(200, "")
	}
	r := w.evaluate(user, away)
	wantRisk(t, r, "HIGH", 85)
	if r.text("details.trafficAnomaly.reason") == "" {
		t.Errorf("%s", r.Raw)
	}
	wantRisk(t, w.evaluate(user, withBrowser(chrome133, "known")), "LOW", 20)
	w.clock.Move(time.Hour)
	wantRisk(t, w.evaluate(user, away), "MEDIUM", 65)
}

// Velocity counts what succeeded within the hour.
func TestRiskVelocity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	at := func(i int) obj {
		e := withBrowser(chrome133, "known")
		e["ip"] = fmt.Sprintf("203.0.113.%d", i)
		return e
	}
	for i := range 10 {
		w.succeeded(user, at(i))
	}
	r := w.evaluate(user, at(10))
	wantRisk(t, r, "MEDIUM", 40)
	if r.at("details.ipVelocityByUser.velocity.distinctCount") != 11.0 {
		t.Errorf("%s", r.Raw)
	}
	w.clock.Move(time.Hour)
	wantRisk(t, w.evaluate(user, at(10)), "LOW", 0)

	external := func(i int) obj {
		return obj{"user": obj{"id": fmt.Sprintf("somebody-%d", i), "type": "EXTERNAL"}, "browser": obj{"cookie": "x"}}
	}
	for i := range 20 {
		w.succeeded("", external(i))
	}
	r = w.evaluate("", external(20))
	wantRisk(t, r, "MEDIUM", 60)
	if r.at("details.userVelocityByIp.velocity.distinctCount") != 21.0 {
		t.Errorf("%s", r.Raw)
	}
}

// An hour of the day far from those of the user's successes adds to the score.
func TestRiskUnusualHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	known := withBrowser(chrome133, "known")
	for range 5 {
		w.succeeded(user, known)
	}
	w.clock.Move(3 * time.Hour)
	wantRisk(t, w.evaluate(user, known), "LOW", 0)
	w.clock.Move(time.Hour)
	wantRisk(t, w.evaluate(user, known), "LOW", 15)
}

// The same end twice is one, another end is refused, and of ends that come at once one
// counts.
func TestRiskCompletion(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		id := w.evaluate(user, nil).text("id")
		if got := w.api("GET", "riskEvaluations/"+id, nil).want(200, "").text("event.completionStatus"); got != "IN_PROGRESS" {
			t.Errorf("begins as %s", got)
		}
		got := w.volley(30, func(i int) pingone.Request {
			return request(pingone.HostAPI, "PUT", "riskEvaluations/"+id+"/event", obj{"completionStatus": []string{"SUCCESS", "FAILED"}[i%2]})
		})
		if got[""] != 15 || got["CONSTRAINT_VIOLATION"] != 15 {
			t.Errorf("answers %v", got)
		}
		end := w.api("GET", "riskEvaluations/"+id, nil).text("event.completionStatus")
		again := w.closeRisk(id, end).want(200, "")
		w.closeRisk(id, map[string]string{"SUCCESS": "FAILED", "FAILED": "SUCCESS"}[end]).want(400, "CONSTRAINT_VIOLATION")
		if again.text("id") != id || again.text("event.completionStatus") != end {
			t.Errorf("%s", again.Raw)
		}
		if n := len(w.audited("RISK_EVALUATION.UPDATED")); n != 1 {
			t.Errorf("%d events", n)
		}
		for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/riskuser/")) {
			once := map[string]string{"SUCCESS": `"s":1,`, "FAILED": fmt.Sprintf(`"f":[%d]`, w.clock.Now().Unix()/60)}[end]
			if !strings.Contains(string(rec.Value), once) {
				t.Errorf("learned %s", rec.Value)
			}
		}
	})
}

// audited lists the audit's events of a type.
func (w *world) audited(kind string) []any {
	w.t.Helper()
	list, _ := w.api("GET", "activities?filter="+escape(`action.type eq "`+kind+`"`), nil).want(200, "").at("_embedded.activities").([]any)
	return list
}

// An evaluation made with its end is closed at once.
func TestRiskMadeComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	e := withBrowser(chrome133, "known")
	e["completionStatus"] = "SUCCESS"
	id := w.evaluate(user, e).text("id")
	w.closeRisk(id, "FAILED").want(400, "CONSTRAINT_VIOLATION")
	wantRisk(t, w.evaluate(user, withBrowser(chrome133, "known")), "LOW", 0)
}

func TestRiskRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	long := strings.Repeat("x", 1025)
	for name, c := range map[string]struct {
		more         obj
		code, target string
	}{
		"no ip":         {obj{"ip": ""}, "REQUIRED_VALUE", "event.ip"},
		"no address":    {obj{"ip": "localhost"}, "INVALID_VALUE", "event.ip"},
		"no user":       {obj{"user": obj{}}, "REQUIRED_VALUE", "event.user.id"},
		"no user type":  {obj{"user": obj{"id": "u"}}, "REQUIRED_VALUE", "event.user.type"},
		"bad user type": {obj{"user": obj{"id": "u", "type": "CAT"}}, "INVALID_VALUE", "event.user.type"},
		"long user":     {obj{"user": obj{"id": long, "type": "EXTERNAL"}}, "SIZE_LIMIT_EXCEEDED", "event.user.id"},
		"bad flow":      {obj{"flow": obj{"type": "SWIM"}}, "INVALID_VALUE", "event.flow.type"},
		"bad status":    {obj{"completionStatus": "DONE"}, "INVALID_VALUE", "event.completionStatus"},
		"bad sharing":   {obj{"sharingType": "YES"}, "INVALID_VALUE", "event.sharingType"},
		"long agent":    {obj{"browser": obj{"userAgent": long}}, "SIZE_LIMIT_EXCEEDED", "event.browser"},
		"not a text":    {obj{"ip": 7}, "INVALID_VALUE", "event.ip"},
	} {
		r := w.api("POST", "riskEvaluations", riskEvent(user, c.more)).want(400, c.code)
		if r.text("details.0.target") != c.target {
			t.Errorf("%s: target %s", name, r.text("details.0.target"))
		}
	}
	w.api("POST", "riskEvaluations", obj{}).want(400, "REQUIRED_VALUE")
	name := w.evaluate(user, nil).text("riskPolicySet.name")
	for _, c := range []struct {
		set    obj
		target string // "" for one that is taken
	}{
		{obj{"riskPolicySet": obj{"id": user}}, "riskPolicySet.id"}, {obj{"riskPolicySet.id": "x"}, "riskPolicySet.id"},
		{obj{"riskPolicySet": obj{"id": user, "name": name}}, "riskPolicySet.id"},
		{obj{"riskPolicySet": obj{"name": "x"}}, "riskPolicySet.name"}, {obj{"riskPolicySet": obj{"name": name}}, ""},
		{obj{"riskPolicySet": obj{"id": w.evaluate(user, nil).text("riskPolicySet.id"), "name": "x"}}, ""},
	} {
		b := riskEvent(user, nil)
		for k, v := range c.set {
			b[k] = v
		}
		if r := w.api("POST", "riskEvaluations", b); r.text("details.0.target") != c.target || (c.target == "") != (r.Status == 201) {
			t.Errorf("%v: %s", c.set, r.Raw)
		}
	}
	id := w.evaluate(user, nil).text("id")
	w.closeRisk(id, "").want(400, "REQUIRED_VALUE")
	w.closeRisk(id, "IN_PROGRESS").want(400, "INVALID_VALUE")
	w.closeRisk(user, "SUCCESS").want(404, "NOT_FOUND")
	w.api("GET", "riskEvaluations/"+user, nil).want(404, "NOT_FOUND")
	w.api("GET", "riskEvaluations/x", nil).want(404, "NOT_FOUND")
}

// What is known stays small, whatever happens, and goes with the user.
func TestRiskHistoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	status := []string{"SUCCESS", "FAILED"}
	for i := range 400 {
		e := withBrowser(chrome133, fmt.Sprintf("cookie-%d", i))
		e["ip"] = fmt.Sprintf("2001:db8:%x::1", i)
		e["completionStatus"] = status[i%2]
		w.evaluate(user, e)
		e["ip"] = home
		e["user"] = obj{"id": fmt.Sprintf("somebody-%d", i), "type": "EXTERNAL"}
		w.evaluate("", e)
		w.clock.Move(6 * time.Minute)
	}
	largest := map[string]int{}
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/risk")) {
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.Split(string(rec.Key), "/")[1]
		largest[kind] = max(largest[kind], len(rec.Value))
	}
	if largest["riskuser"] > 1024 || largest["riskaddress"] > 2048 || largest["risk"] > 2048 {
		t.Errorf("sizes %v", largest)
	}
	w.clock.Move(25 * time.Hour)
	if n, err := w.svc.Sweep(t.Context()); err != nil || n < 800 {
		t.Errorf("%d swept, error %v", n, err)
	}
	w.api("DELETE", "users/"+user, nil).want(204, "")
	for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/risk/")) {
		t.Errorf("%s is left", rec.Key)
	}
	for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/riskaddress/")) {
		t.Errorf("%s is left", rec.Key)
	}
	if n := w.count("/riskuser/"); n != 200 { // those of the other directory who have succeeded
		t.Errorf("%d users are known", n)
	}
	w.clock.Move(90 * 24 * time.Hour)
	if n, err := w.svc.Sweep(t.Context()); err != nil || n < 200 || w.count("/riskuser/") != 0 {
		t.Errorf("%d swept, %d users are left, error %v", n, w.count("/riskuser/"), err)
	}
}

// count is how many records there are below the environment and a prefix.
func (w *world) count(prefix string) (n int) {
	w.t.Helper()
	for _, err := range w.db.Scan(w.t.Context(), storeUnder(envID+prefix)) {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

// An evaluation ends with its life; one whose user is gone teaches nothing.
func TestRiskEvaluationExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.RiskLife = time.Hour }))
	user, _ := w.ben()
	id := w.evaluate(user, nil).text("id")
	w.clock.Move(time.Hour)
	w.api("GET", "riskEvaluations/"+id, nil).want(404, "NOT_FOUND")
	w.closeRisk(id, "SUCCESS").want(404, "NOT_FOUND")
	id = w.evaluate(user, nil).text("id")
	w.api("DELETE", "users/"+user, nil).want(204, "")
	w.closeRisk(id, "SUCCESS").want(200, "")
	for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/riskuser/")) {
		t.Errorf("%s is known", rec.Key)
	}
}

func TestRiskFeedback(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		id := w.evaluate(user, nil).text("id")
		item := func(id, category, reason string) obj {
			return obj{"riskEvaluation": obj{"id": id}, "feedbackCategory": category, "reason": reason}
		}
		send := func(items ...any) result { return w.api("POST", "riskFeedback", obj{"evaluationFeedbackItems": items}) }
		for range 2 {
			r := send(item(id, "FALSE_HIGH_RISK", "COMPANY_VPN")).want(201, "")
			if d := cmp.Diff([]string{"_links", "createdAt", "environment", "id", "updatedAt"}, keys(r.Body)); d != "" {
				t.Error(d)
			}
		}
		if n := len(w.audited("RISK_EVALUATION.UPDATED")); n != 1 {
			t.Errorf("%d events", n)
		}
		send().want(400, "REQUIRED_VALUE")
		send(obj{"feedbackCategory": "X"}).want(400, "REQUIRED_VALUE")
		send(item(id, "", "")).want(400, "REQUIRED_VALUE")
		send(item(id, "not a word", "")).want(400, "INVALID_VALUE")
		send(item(id, "X", "not a word")).want(400, "INVALID_VALUE")
		send(item(id, "FRIENDLY_BOT", ""), item(user, "FRIENDLY_BOT", "")).want(400, "INVALID_VALUE")
		if n := len(w.audited("RISK_EVALUATION.UPDATED")); n != 1 {
			t.Errorf("half a feedback was kept: %d events", n)
		}
		send(make([]any, 51)...).want(400, "SIZE_LIMIT_EXCEEDED")
	})
}
