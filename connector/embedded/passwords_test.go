package embedded_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

func TestPasswordLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	path := "users/" + user + "/password"
	check := func(password string) result {
		return w.api("POST password.check", path, obj{"password": password})
	}
	for left := 7.0; left >= 1; left-- {
		if got := check("not this one").want(400, "INVALID_VALUE").at("details.0.innerError.failuresRemaining"); got != left {
			t.Errorf("failuresRemaining %v, want %v", got, left)
		}
	}
	if got := w.api("GET", path, nil).at("warnings.failuresRemaining"); got != 1.0 {
		t.Errorf("warnings: %v", got)
	}
	check(goodPassword).want(200, "")
	for range 7 {
		check("not this one").want(400, "INVALID_VALUE")
	}
	if got := check("not this one").want(400, "PASSWORD_LOCKED_OUT").at("details.0.innerError.secondsUntilUnlock"); got != 900.0 {
		t.Errorf("secondsUntilUnlock %v", got)
	}
	w.clock.Move(time.Minute)
	if got := check(goodPassword).want(400, "PASSWORD_LOCKED_OUT").at("details.0.innerError.secondsUntilUnlock"); got != 840.0 {
		t.Errorf("secondsUntilUnlock %v", got)
	}
	state := w.api("GET", path, nil)
	if state.text("status") != "PASSWORD_LOCKED_OUT" || state.at("secondsUntilUnlock") != 840.0 {
		t.Errorf("%s", state.Raw)
	}
	if u := w.api("GET", "users/"+user, nil); u.text("account.status") != "LOCKED" || u.at("account.canAuthenticate") != false {
		t.Errorf("account: %v", u.at("account"))
	}
	w.api("POST password.unlock", path, nil).want(200, "")
	check(goodPassword).want(200, "")
}

// wrong passwords of strangers do not lock the second factor.
func TestA13PasswordLockLeavesDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	for range 9 {
		w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong password"})
	}
	da := w.begin(user).text("id")
	w.check(da, w.mail("ben@example.com").Code).want(200, "")
}

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	const upper, digits = "ZYXWVUTSRQPONMLKJIHGFEDCBA", "0123456789"
	w := newWorld(t, func(o *embedded.Options) {
		o.Passwords.MinCharacters = map[string]int{upper: 1, digits: 1}
	})
	user := w.api("POST", "users", obj{"username": "ben"}).want(201, "").text("id")
	path := "users/" + user + "/password"
	set := func(password string) result {
		return w.api("PUT password.set", path, obj{"value": password, "forceChange": false})
	}
	r := set("tiroz").want(400, "INVALID_VALUE")
	if r.text("details.0.target") != "value" || !strings.Contains(r.text("details.0.innerError.length"), "of 8 characters") {
		t.Errorf("%s", r.Raw)
	}
	if s := r.text("details.0.innerError.minCharacters"); !strings.Contains(s, "'"+upper+"'") || !strings.Contains(s, "'"+digits+"'") {
		t.Errorf("minCharacters %q", s)
	}
	if broken, _ := r.at("details.0.innerError.unsatisfiedRequirements").([]any); len(broken) != 2 {
		t.Errorf("unsatisfiedRequirements %v", broken)
	}
	if s := set("Password123").want(400, "INVALID_VALUE").text("details.0.innerError.excludesCommonlyUsed"); s == "" {
		t.Error("a most used password was taken")
	}
	set(strings.Repeat("A1", 128)).want(400, "INVALID_VALUE")
	set("Grüße aus 1040 Wien").want(200, "")
	if s := set("Grüße aus 1040 Wien").want(400, "INVALID_VALUE").text("details.0.innerError.history"); s == "" {
		t.Error("the current password was taken again")
	}
}

// A weak password is refused wherever one is set, and is not counted as a wrong one; a
// right one passes there. Who has a weak one from before still signs on.
func TestWeakPasswordsAreRefusedWhereverOneIsSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.api("POST", "users", obj{"username": "carla", "email": "carla@example.com", "name": obj{"family": "Bianchi"}}).want(201, "").text("id")
	path := "users/" + user + "/password"
	w.api("PUT password.setValue", path, obj{"value": "aaaaaaaa", "bypassPolicy": true}).want(200, "")
	check := func(password string) result { return w.api("POST password.check", path, obj{"password": password}) }
	check("aaaaaaaa").want(200, "")
	imported := 0
	current := "aaaaaaaa"
	doors := map[string]func(password string) result{
		"import": func(password string) result {
			imported++
			return w.api("POST user.import", "users", obj{"username": "carla" + strings.Repeat("x", imported), "email": "carla@example.com",
				"name": obj{"family": "Bianchi"}, "password": obj{"value": password}})
		},
		"set": func(password string) result {
			return w.api("PUT password.set", path, obj{"value": password, "forceChange": false})
		},
		"setValue": func(password string) result { return w.api("PUT password.setValue", path, obj{"value": password}) },
		"reset":    func(password string) result { return w.api("PUT password.reset", path, obj{"newPassword": password}) },
		"change": func(password string) result {
			return w.api("PUT password.reset", path, obj{"currentPassword": current, "newPassword": password})
		},
		"recover": func(password string) result {
			w.api("POST password.sendRecoveryCode", path, nil).want(200, "")
			return w.api("POST password.recover", path, obj{"recoveryCode": w.mail("carla@example.com").Code, "newPassword": password})
		},
	}
	for name, set := range doors {
		for value, rule := range map[string]string{
			"aaaaaaaa": "minUniqueCharacters", "        ": "minUniqueCharacters", "noooo way out": "maxRepeatedCharacters",
			"Sunshine2026!": "excludesCommonlyUsed", "Bianchi1987": "excludesProfileData", "carla-1987": "excludesProfileData", "": "length",
		} {
			r := set(value)
			if value == "" && r.Status == 400 && r.text("details.0.code") == "EMPTY_VALUE" {
				continue
			}
			r.want(400, "INVALID_VALUE")
			if r.text("details.0.innerError."+rule) == "" {
				t.Errorf("%s of %q: %s, want %s", name, value, r.Raw, rule)
			}
		}
		next := "correct horse of " + name
		if got := set(next); got.Status != 200 && got.Status != 201 {
			t.Errorf("%s of a good password: %s", name, got.Raw)
		}
		if name != "import" {
			current = next
		}
	}
	check(current).want(200, "")
	policy := w.api("GET", "passwordPolicies", nil).want(200, "")
	for member, want := range map[string]any{"minUniqueCharacters": 5.0, "maxRepeatedCharacters": 2.0, "excludesProfileData": true, "excludesCommonlyUsed": true} {
		if got := policy.at("_embedded.passwordPolicies.0." + member); got != want {
			t.Errorf("the policy says %s %v, want %v", member, got, want)
		}
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.api("POST", "users", obj{"username": "ben"}).want(201, "").text("id")
	path := "users/" + user + "/password"
	check := func(password string) result { return w.api("POST password.check", path, obj{"password": password}) }
	status := func(r result, want string) {
		t.Helper()
		if got := r.want(200, "").text("status"); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	check("anything at all").want(400, "NO_PASSWORD")
	w.api("PUT password.set", path, obj{"forceChange": false}).want(400, "REQUIRED_VALUE")
	status(w.api("PUT password.set", path, obj{"value": "correct horse 1", "forceChange": true}), "MUST_CHANGE_PASSWORD")
	status(check("correct horse 1"), "MUST_CHANGE_PASSWORD")
	w.api("PUT password.reset", path, obj{"currentPassword": "wrong one", "newPassword": "correct horse 2"}).want(400, "INVALID_VALUE")
	status(w.api("PUT password.reset", path, obj{"currentPassword": "correct horse 1", "newPassword": "correct horse 2"}), "OK")
	check("correct horse 1").want(400, "INVALID_VALUE")
	status(w.api("POST password.reset", path, obj{"newPassword": "correct horse 3"}), "MUST_CHANGE_PASSWORD")
	status(w.api("PUT password.setValue", path, obj{"value": "x", "bypassPolicy": true}), "OK")
	status(check("x"), "OK")
	status(w.api("POST password.forceChange", path, nil), "MUST_CHANGE_PASSWORD")
	status(w.api("PUT password.setValue", path, obj{}), "NO_PASSWORD")
	check("x").want(400, "NO_PASSWORD")
	w.api("POST password.forceChange", path, nil).want(400, "NO_PASSWORD")
	w.api("POST password.check", path, obj{}).want(400, "REQUIRED_VALUE")
}

// A wrong current password counts as a wrong password.
func TestResetCountsWrongPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	for range 7 {
		w.api("PUT password.reset", "users/"+user+"/password", obj{"currentPassword": "wrong one", "newPassword": "correct horse 2"}).want(400, "INVALID_VALUE")
	}
	w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong one"}).want(400, "PASSWORD_LOCKED_OUT")
}

// Neither passwords nor codes nor addresses are found anywhere in keys, in the audit, or
// in a password record.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	da := w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	w.check(da, wrong(code))
	w.check(da, code).want(200, "")
	w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong password"})
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/")) {
		if err != nil {
			t.Fatal(err)
		}
		key, value := string(rec.Key), string(rec.Value)
		if strings.Contains(value, goodPassword) || strings.Contains(value, "wrong password") {
			t.Errorf("%s holds a password", key)
		}
		if strings.Contains(key, "ben") {
			t.Errorf("%s names a person", key)
		}
		if strings.HasPrefix(key, envID+"/da/") && strings.Contains(value, `"h":`) {
			t.Errorf("%s keeps the hash of a used code: %s", key, value)
		}
		inbox, audit := strings.HasPrefix(key, envID+"/inbox/"), strings.HasPrefix(key, envID+"/audit/")
		if !inbox && strings.Contains(value, `"`+code+`"`) {
			t.Errorf("%s holds the code", key)
		}
		if audit && strings.Contains(value, "ben@example.com") {
			t.Errorf("%s holds an address", key)
		}
		if strings.HasPrefix(key, envID+"/password/") {
			var p struct{ P string }
			if err := json.Unmarshal(rec.Value, &p); err != nil || !strings.HasPrefix(p.P, "$argon2id$v=19$m=") {
				t.Errorf("password record %s: %v", value, err)
			}
		}
	}
}
