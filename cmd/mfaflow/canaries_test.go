package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// asksFlow reads what a person types in every way that a trace tells of.
const asksFlow = `schema: flow/v1
id: asks
title: Asks
start: ask
screens:
  ask:
    title: Ask
    form: { type: object, required: [contact, mobile], properties: { contact: { type: string, x-personal: true }, mobile: { type: string } } }
    actions: { submit: { title: Go } }
nodes:
  ask: { show: ask, next: keep }
  keep:
    set: { who: "=lower(nodes.ask.form.contact)", all: =nodes.ask.form }
    next:
      - { when: vars.who contains "@" and nodes.ask.form.mobile != "", then: same }
      - then: same
  same: { match: vars.who, next: { else: seek } }
  seek: { uses: user/find, with: { email: =nodes.ask.form.contact }, next: found, catch: { else: gone } }
  found: { end: found, outputs: { who: =vars.who, all: =vars.all, user: =nodes.seek.user } }
  gone: { end: failed, error: { code: GONE, message: =vars.who, details: { all: =vars.all } } }
`

// TestNobodyIsNamedInWhatOutlivesAnExecution: people register, set up devices, sign on
// and are managed; their names, addresses, passwords, codes and seeds are then in no log,
// trace, activity or audit record.
func TestNobodyIsNamedInWhatOutlivesAnExecution(t *testing.T) {
	t.Parallel()
	s, log := newLoggedSite(t)
	canaries := map[string]string{
		"username": "zqcanaryname", "e-mail": "zqcanary@example.com", "password": "zqcanary password 7", "nickname": "zqcanarynick",
		"telephone": "+4369912345678", "number": "69912345678", "given name": "Zqgiven", "family name": "Zqfamily", "wrong password": "zqcanary password 8",
	}
	executions := s.walkCanaries(canaries)
	texts := map[string]string{"log": log.String()}
	for _, id := range executions {
		status, b := s.call("GET", "/v1/executions/"+id+"/trace", nil, "Authorization", "Bearer "+siteToken)
		if status != http.StatusOK || !strings.Contains(string(b), `"event"`) {
			t.Fatalf("trace: %d %s", status, b)
		}
		texts["trace of "+id] = string(b)
	}
	status, b := s.call("GET", "/v1/environments/"+siteEnv+"/activities?limit=1000", nil, "Authorization", "Bearer "+siteToken)
	if status != http.StatusOK || !strings.Contains(string(b), "USER.CREATED") {
		t.Fatalf("activities: %d %s", status, b)
	}
	texts["activities"] = string(b)
	for rec, err := range s.app.db.Scan(t.Context(), store.Under(store.K(siteEnv, "audit", ""))) {
		if err != nil {
			t.Fatal(err)
		}
		texts[string(rec.Key)] = string(rec.Value)
	}
	if hashed := strings.Join(slices.Collect(maps.Values(texts)), ""); !strings.Contains(hashed, "hmac:") {
		t.Error("nothing stands for the names: nobody could tell which entries are about one person")
	}
	for where, text := range texts {
		for what, value := range canaries {
			if at := strings.Index(strings.ToLower(text), strings.ToLower(value)); at >= 0 {
				t.Errorf("%s has the %s: …%s", where, what, text[max(0, at-200):min(len(text), at+80)])
			}
		}
	}
}

// walkCanaries goes the ways of people, and returns their executions. It adds the codes
// and seeds that they were given to the canaries.
func (s *site) walkCanaries(canaries map[string]string) (executions []string) {
	s.t.Helper()
	form := map[string]any{"username": canaries["username"], "email": canaries["e-mail"], "password": canaries["password"]}
	l := s.start("registration-and-mfa-enrollment", nil).act("submit", form)
	l.act("submit", map[string]any{"method": "TOTP"}).see("totp-setup", "")
	canaries["seed"], _ = l.e.Step.With["secret"].(string)
	canaries["key URI"], _ = l.e.Step.With["keyUri"].(string)
	app, ok := readTOTP(canaries["key URI"])
	if !ok {
		s.t.Fatalf("no seed on %s", l.raw)
	}
	l.act("submit", code(app.code(s.clock.Now().Unix()/30))).end(engine.Completed, "")
	executions = append(executions, l.id)

	l = s.start("sign-on-and-mfa", nil).act("submit", credentials(canaries["username"], canaries["wrong password"])).see("username-password", "sign_on.invalid")
	l.act("submit", credentials(canaries["e-mail"], canaries["password"]))
	executions = append(executions, l.id)

	qr := s.start("qr-code-passwordless-sign-on", nil).see("qr", "")
	canaries["QR code"], _ = qr.e.Step.With["code"].(string)
	executions = append(executions, qr.id)

	s.manageCanaries(canaries)
	s.manage("PUT", "/v1/flows/asks", asksFlow, http.StatusCreated, nil, "Content-Type", "application/yaml")
	for _, contact := range []string{canaries["e-mail"], "x" + canaries["e-mail"]} {
		l := &login{s: s}
		status, b := s.call("POST", "/v1/flows/asks/executions", map[string]any{}, "Authorization", "Bearer "+siteToken)
		if status != http.StatusCreated {
			s.t.Fatalf("start: %d %s", status, b)
		}
		l.take(b)
		l.id = l.e.ID
		l.act("submit", map[string]any{"contact": strings.ToUpper(contact[:1]) + contact[1:], "mobile": canaries["telephone"]})
		if l.e.Status != engine.Completed && l.e.Error.Code != "GONE" {
			s.t.Fatalf("asks ended as %s", l.raw)
		}
		executions = append(executions, l.id)
	}
	return executions
}

// manageCanaries does what administrators and API clients do to one more person.
func (s *site) manageCanaries(canaries map[string]string) {
	s.t.Helper()
	api := "/v1/environments/" + siteEnv + "/users"
	var user, device struct{ ID string }
	s.manage("POST", api, map[string]any{
		"username": canaries["username"] + "2", "email": "b" + canaries["e-mail"], "mobilePhone": canaries["telephone"], "mfaEnabled": true,
		"name": map[string]any{"given": canaries["given name"], "family": canaries["family name"]},
	}, http.StatusCreated, &user)
	s.manage("POST", api+"/"+user.ID+"/devices", map[string]any{"type": "SMS", "phone": canaries["telephone"], "nickname": canaries["nickname"], "status": "ACTIVE"}, http.StatusCreated, &device)
	s.manage("PUT", api+"/"+user.ID+"/devices/"+device.ID+"/nickname", map[string]any{"nickname": canaries["nickname"] + "3"}, http.StatusOK, nil)
	s.manage("PATCH", api+"/"+user.ID, map[string]any{"email": "c" + canaries["e-mail"]}, http.StatusOK, nil)
	s.manage("PUT", api+"/"+user.ID+"/password", map[string]any{"value": canaries["password"]}, http.StatusOK, nil, "Content-Type", "application/vnd.pingidentity.password.set+json")
	s.manage("DELETE", api+"/"+user.ID, nil, http.StatusNoContent, nil)
}
