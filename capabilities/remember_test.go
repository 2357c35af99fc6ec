package capabilities

import (
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// withRemember has remember-me on.
func withRemember(o *embedded.Options) {
	o.Policy = []byte(`{"name": "P", "default": true, "rememberMe": {"web": {"enabled": true}},
		"sms": {"enabled": true}, "voice": {"enabled": true}, "email": {"enabled": true}, "mobile": {"enabled": true}, "totp": {"enabled": true}}`)
}

// T5.2 and T5.1 by hand: risk, second factor, the browser is remembered, no risk any more.
func TestRememberAndRiskThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, withRemember)
	user, _ := w.ben()
	const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36"
	event := obj{"userId": user, "ip": "203.0.113.9", "userAgent": agent}

	risk := w.run("risk/evaluate", event).Output
	if risk["level"] != "MEDIUM" || risk["score"] != 40.0 || risk["recommendedAction"] != "" {
		t.Errorf("%v", risk)
	}
	da := w.run("mfa/create-device-authentication", obj{"userId": user}).Output["rawResponse"].(obj)["id"].(string)
	register := obj{"userId": user, "deviceAuthenticationId": da, "userAgent": agent}
	w.fails("mfa/register-remember-me", register, "INVALID_VALUE")
	w.run("mfa/device-passcode", obj{"deviceAuthenticationId": da, "otp": w.code(t.Context())})
	made := w.run("mfa/register-remember-me", register)
	session, _ := made.Output["deviceSession"].(string)
	if made.Proof != nil || session == "" || len(session) > 512 {
		t.Errorf("%+v", made)
	}
	for range 2 {
		w.run("risk/feedback", obj{"riskEvaluationId": risk["evaluation"].(obj)["id"], "completionStatus": "SUCCESS", "feedbackCategory": "FALSE_HIGH_RISK"})
	}
	w.fails("risk/feedback", obj{"riskEvaluationId": risk["evaluation"].(obj)["id"], "completionStatus": "FAILED"}, "CONSTRAINT_VIOLATION")

	check := obj{"userId": user, "deviceSession": session, "userAgent": agent}
	known := w.run("mfa/check-remember-me", check)
	next, _ := known.Output["deviceSession"].(string)
	if known.Output["remembered"] != true || known.Proof != nil || next == "" || next == session {
		t.Errorf("%+v", known)
	}
	event["deviceSession"] = next
	if got := w.run("risk/evaluate", event).Output; got["level"] != "LOW" {
		t.Errorf("%v", got)
	}
	devices := w.run("mfa/read-all-devices", obj{"userId": user}).Output["devices"].([]any)
	if len(devices) != 2 || devices[1].(obj)["type"] != "BROWSER" {
		t.Errorf("%v", devices)
	}
	w.run("mfa/read-device", obj{"userId": user, "deviceId": devices[1].(obj)["id"]})
	w.run("mfa/update-device-nickname", obj{"userId": user, "deviceId": devices[1].(obj)["id"], "nickname": "Desk"})
	w.run("mfa/delete-device", obj{"userId": user, "deviceId": devices[1].(obj)["id"]})
	check["deviceSession"] = next
	if got := w.run("mfa/check-remember-me", check).Output; got["remembered"] != false {
		t.Errorf("a deleted browser: %v", got)
	}

	check["deviceSession"] = w.run("mfa/register-remember-me", register).Output["deviceSession"]
	newer := w.run("mfa/check-remember-me", check).Output["deviceSession"]
	if again := w.run("mfa/check-remember-me", check).Output; again["remembered"] != false || again["deviceSession"] != "" {
		t.Errorf("a value that was used up: %v", again)
	}
	check["deviceSession"] = newer
	if got := w.run("mfa/check-remember-me", check).Output; newer == "" || got["remembered"] != false {
		t.Errorf("the value that took the place of one that came back: %v", got)
	}
}
