package main

import (
	"net/http"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// otherPolicy makes a device authentication policy beside the default, equal to it but
// for a change, and returns its id.
func (s *site) otherPolicy(name string, change func(p map[string]any)) string {
	s.t.Helper()
	path := "/v1/environments/" + siteEnv + "/deviceAuthenticationPolicies"
	var list struct {
		Embedded struct {
			Policies []map[string]any `json:"deviceAuthenticationPolicies"`
		} `json:"_embedded"`
	}
	s.manage("GET", path, nil, http.StatusOK, &list)
	p := list.Embedded.Policies[0]
	for _, key := range []string{"id", "_links", "environment", "createdAt", "updatedAt"} {
		delete(p, key)
	}
	p["name"], p["default"] = name, false
	change(p)
	var made struct{ ID string }
	s.manage("POST", path, p, http.StatusCreated, &made)
	return made.ID
}

// disable switches methods of a policy off.
func disable(methods ...string) func(p map[string]any) {
	return func(p map[string]any) {
		for _, m := range methods {
			p[m].(map[string]any)["enabled"] = false
		}
	}
}

// managed starts a flow with inputs that only the management token may give.
func (s *site) managed(flow string, inputs map[string]any) *login {
	s.t.Helper()
	l := &login{s: s}
	status, b := s.call("POST", "/v1/flows/"+flow+"/executions", map[string]any{"inputs": inputs}, "Authorization", "Bearer "+siteToken)
	if status != http.StatusCreated {
		s.t.Fatalf("start: %d %s", status, b)
	}
	l.take(b)
	l.id, l.handle = l.e.ID, l.e.Handle
	return l
}

// TestPolicyOfTheInputJudgesDevices: a device that the default policy allows and the one
// of the input does not is asked in no way that a person has.
func TestPolicyOfTheInputJudgesDevices(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	noMail := s.otherPolicy("no mail", disable("email"))
	user := s.user("ben", benPassword, "ben@example.com")
	for _, flow := range []string{"sign-on-and-mfa", "sign-on-and-adaptive-mfa", "passwordless-sign-on-with-biometrics"} {
		l := s.managed(flow, map[string]any{"policyId": noMail})
		if flow == "passwordless-sign-on-with-biometrics" {
			l.act("submit", map[string]any{"username": "ben"}).act("submit", map[string]any{"password": benPassword})
		} else {
			l.act("submit", credentials("ben", benPassword))
		}
		l.end(engine.Failed, "NO_USABLE_DEVICES")
	}
	for name, inputs := range map[string]map[string]any{
		"the default device": {},
		"by its type":        {"types": []string{"EMAIL"}},
	} {
		inputs["userId"], inputs["policyId"] = user, noMail
		if l := s.managed("mfa-authentication", inputs); l.e.Outcome != "no_device" {
			t.Errorf("%s: got %s, want no_device", name, l.raw)
		}
	}
	if sent := s.inbox("ben@example.com"); len(sent) != 0 {
		t.Errorf("%d mails were sent to a device that the policy forbids", len(sent))
	}
}

// TestPolicyOfTheInputJudgesEnrolment: what the default policy lets a person pair and the
// one of the input does not is paired in no flow, also when it is forbidden after the
// methods were offered.
func TestPolicyOfTheInputJudgesEnrolment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := "/v1/environments/" + siteEnv + "/deviceAuthenticationPolicies/"
	strict := s.otherPolicy("no mail", disable("email"))
	wide := s.otherPolicy("mail, at first", disable("sms"))
	allowMail := func(on bool) {
		var p map[string]any
		s.manage("GET", path+wide, nil, http.StatusOK, &p)
		p["email"].(map[string]any)["enabled"] = on
		s.manage("PUT", path+wide, p, http.StatusOK, nil)
	}
	mail, address := map[string]any{"method": "EMAIL"}, map[string]any{"email": "ana@example.net"}
	for _, flow := range []string{"sign-on-and-mfa", "sign-on-and-adaptive-mfa"} {
		name := "ana-" + flow
		s.user(name, benPassword)
		l := s.managed(flow, map[string]any{"policyId": strict}).act("submit", credentials(name, benPassword)).see("method-list", "")
		l.act("submit", mail).see("method-list", "device.unavailable")

		l = s.managed(flow, map[string]any{"policyId": wide}).act("submit", credentials(name, benPassword)).see("method-list", "")
		l.act("submit", map[string]any{"method": "SMS"}).see("method-list", "device.unavailable")
		before := len(s.inbox("ana@example.net"))
		l.act("submit", mail).see("email", "")
		allowMail(false)
		l.act("submit", address).see("method-list", "device.unavailable")
		if sent := s.inbox("ana@example.net"); len(sent) != before {
			t.Errorf("%s: %d codes were mailed to an address that the policy lets nobody pair", flow, len(sent)-before)
		}
		allowMail(true)
		l.act("submit", mail).act("submit", address).see("otp", "")
		allowMail(false)
		status, b := l.post(l.e.Step.Token, "submit", map[string]any{"otp": s.inbox("ana@example.net")[0].Code})
		if l.take(b); status != http.StatusOK || l.e.Status == engine.Completed || l.e.Result != nil {
			t.Errorf("%s: a device of a type that the policy forbids by now was enrolled: %d %s", flow, status, b)
		}
		allowMail(true)
	}
}

// TestPolicyOfTheInputJudgesAutoEnrolment: types that the policy forbids are not paired
// without asking either.
func TestPolicyOfTheInputJudgesAutoEnrolment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	noMail := s.otherPolicy("no mail", disable("email"))
	l := s.managed("registration-and-mfa-auto-enrollment", map[string]any{"policyId": noMail, "types": []string{"EMAIL"}})
	l.act("submit", map[string]any{"username": "una", "email": "una@example.com", "password": benPassword}).see("otp", "")
	l.act("submit", map[string]any{"otp": s.inbox("una@example.com")[0].Code}).end(engine.Failed, "INVALID_VALUE")
}
