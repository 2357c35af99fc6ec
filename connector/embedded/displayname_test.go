package embedded_test

import (
	"encoding/json"
	"testing"
)

// Browsers show of a user what the FIDO2 policy says, as far as the profile has it. The
// name of the account stays the user name.
func TestDisplayName(t *testing.T) {
	t.Parallel()
	named := func(names ...string) (out []any) {
		for _, n := range names {
			out = append(out, obj{"name": n})
		}
		return out
	}
	for name, c := range map[string]struct {
		attributes []any
		profile    obj
		want       string
	}{
		"user name":      {named("username"), obj{"name": obj{"given": "Cat"}}, "cat"},
		"in order":       {named("email", "username", "nickname"), obj{"nickname": "Kitty"}, "cat@example.com cat Kitty"},
		"with a dot":     {named("name.given", "name.family", "username"), obj{"name": obj{"given": "Cat", "family": "Stevens"}}, "Cat Stevens cat"},
		"sub-attributes": {append([]any{obj{"name": "name", "subAttributes": named("family", "given")}}, named("username")...), obj{"name": obj{"given": "Cat", "family": "Stevens"}}, "Stevens Cat cat"},
		"missing":        {named("name.given", "title", "colour", "username"), obj{}, "cat"},
		"no text":        {named("name", "username.given", "createdAt", "emailVerified", "username"), obj{"name": obj{"given": "Cat"}}, "cat"},
		"blank":          {named("nickname", "username"), obj{"nickname": "  "}, "cat"},
		"padded":         {named("nickname", "username"), obj{"nickname": " Kit ty "}, "Kit ty cat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withPasskeys)
			user := w.user("cat")
			w.api("PATCH", "users/"+user, c.profile).want(200, "")
			id := w.api("GET", "fido2Policies", nil).text("_embedded.fido2Policies.0.id")
			w.api("PUT", "fido2Policies/"+id, fido2Body(func(p obj) {
				p["default"], p["userDisplayNameAttributes"] = true, obj{"attributes": c.attributes}
			})).want(200, "")
			var shown struct {
				User struct{ Name, DisplayName string }
			}
			if err := json.Unmarshal([]byte(w.register(user, nil).text("publicKeyCredentialCreationOptions")), &shown); err != nil {
				t.Fatal(err)
			}
			if shown.User.Name != "cat" || shown.User.DisplayName != c.want {
				t.Errorf("got %q and %q, want cat and %q", shown.User.Name, shown.User.DisplayName, c.want)
			}
		})
	}
}
