package capabilities

import (
	"strings"
	"testing"
)

// The code that user/send-verification-code mails is the one that user/verify takes, once.
func TestVerificationCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user := w.run("user/create", obj{"username": "joe", "email": "joe@example.com"}).Output["user"].(obj)
	id := user["id"].(string)
	verification := func(o any) (status string, verified bool) {
		u := o.(obj)
		return u["lifecycle"].(obj)["status"].(string), u["emailVerified"].(bool)
	}
	sent := w.run("user/send-verification-code", obj{"userId": id}).Output["user"]
	if status, verified := verification(sent); status != "VERIFICATION_REQUIRED" || verified {
		t.Errorf("after sending: %v", sent)
	}
	code := w.code(t.Context())
	w.fails("user/verify", obj{"userId": id, "code": "22222222"}, "INVALID_VALUE")
	w.fails("user/verify", obj{"userId": id, "code": ""}, "EMPTY_VALUE")
	done := w.run("user/verify", obj{"userId": id, "code": strings.ToLower(code)}).Output["user"]
	if status, verified := verification(done); status != "ACCOUNT_OK" || !verified {
		t.Errorf("after verifying: %v", done)
	}
	w.fails("user/verify", obj{"userId": id, "code": code}, "INVALID_VALUE")
	w.fails("user/send-verification-code", obj{"userId": "nobody"}, "NOT_FOUND")
}
