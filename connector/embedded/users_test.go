package embedded_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.api("POST", "users", obj{
		"username": "joe", "email": "joe@example.com", "name": obj{"given": "Joe", "family": "Smith"},
		"locale": nil, "password": obj{"value": "ignored here"}, "shoeSize": 44,
	}).want(201, "")
	id := r.text("id")
	env := base + "/v1/environments/" + envID
	me := env + "/users/" + id
	href := func(s string) obj { return obj{"href": s} }
	population := r.text("population.id")
	want := obj{
		"_links": obj{"self": href(me), "environment": href(env), "population": href(env + "/populations/" + population),
			"devices": href(me + "/devices"), "password": href(me + "/password"), "password.check": href(me + "/password"),
			"password.set": href(me + "/password"), "password.reset": href(me + "/password"), "password.recover": href(me + "/password"),
			"account.sendVerificationCode": href(me)},
		"id": id, "environment": obj{"id": envID}, "account": obj{"canAuthenticate": true, "status": "OK"},
		"username": "joe", "email": "joe@example.com", "emailVerified": false, "name": obj{"given": "Joe", "family": "Smith"},
		"enabled": true, "identityProvider": obj{"type": "PING_ONE"}, "lifecycle": obj{"status": "ACCOUNT_OK"},
		"mfaEnabled": false, "population": obj{"id": population}, "verifyStatus": "NOT_INITIATED",
		"createdAt": "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z",
	}
	if d := cmp.Diff(want, r.Body); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, w.api("GET", "users/"+id, nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	if s := w.api("GET", "users/"+id+"/password", nil).text("status"); s != "NO_PASSWORD" {
		t.Errorf("password status %q", s)
	}
}

func TestCreateUserRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("taken")
	long := strings.Repeat("x", 257)
	for name, c := range map[string]struct {
		body         obj
		code, target string
	}{
		"no user name":     {obj{"email": "a@b.c"}, "REQUIRED_VALUE", "username"},
		"blank user name":  {obj{"username": "  "}, "EMPTY_VALUE", "username"},
		"long user name":   {obj{"username": long}, "SIZE_LIMIT_EXCEEDED", "username"},
		"control in name":  {obj{"username": "a\nb"}, "INVALID_VALUE", "username"},
		"taken":            {obj{"username": "TAKEN"}, "UNIQUENESS_VIOLATION", "username"},
		"bad address":      {obj{"username": "a", "email": "nobody"}, "INVALID_VALUE", "email"},
		"address and name": {obj{"username": "a", "email": "Joe <joe@x.org>"}, "INVALID_VALUE", "email"},
		"header injection": {obj{"username": "a", "email": "a@x.org\r\nBcc: b@x.org"}, "INVALID_VALUE", "email"},
		"long given name":  {obj{"username": "a", "name": obj{"given": long}}, "SIZE_LIMIT_EXCEEDED", "name.given"},
		"family name":      {obj{"username": "a", "name": obj{"family": "<b>"}}, "INVALID_VALUE", "name.family"},
		"country":          {obj{"username": "a", "address": obj{"countryCode": "at"}}, "INVALID_VALUE", "address.countryCode"},
		"photo":            {obj{"username": "a", "photo": obj{"href": "javascript:x"}}, "INVALID_VALUE", "photo.href"},
		"population":       {obj{"username": "a", "population": obj{"id": envID}}, "INVALID_VALUE", "population.id"},
		"type of a member": {obj{"username": "a", "name": obj{"given": 7}}, "INVALID_VALUE", "name.given"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.api("POST", "users", c.body)
			r.t = t
			r.want(400, c.code)
			if r.text("code") != "INVALID_DATA" || r.text("details.0.target") != c.target {
				t.Errorf("%s", r.Raw)
			}
		})
	}
}

// Of two creations with one name at once, one succeeds.
func TestUserNameIsUnique(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		got := w.volley(20, func(i int) pingone.Request {
			return request(pingone.HostAPI, "POST", "users", obj{"username": []string{"Ann", "ANN", "ann"}[i%3]})
		})
		if got[""] != 1 || got["UNIQUENESS_VIOLATION"] != 19 {
			t.Errorf("answers %v", got)
		}
		if n := w.api("GET", "users", nil).at("count"); n != 1.0 {
			t.Errorf("%v users", n)
		}
	})
}

func TestImportUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.api("POST user.import", "users", obj{"username": "joe", "email": "joe@example.com", "emailVerified": true, "mfaEnabled": true, "enabled": false,
		"lifecycle": obj{"status": "VERIFICATION_REQUIRED"}, "password": obj{"value": goodPassword, "forceChange": true}}).want(201, "")
	if r.at("emailVerified") != true || r.at("mfaEnabled") != true || r.at("enabled") != false || r.text("lifecycle.status") != "VERIFICATION_REQUIRED" {
		t.Errorf("imported: %s", r.Raw)
	}
	pw := "users/" + r.text("id") + "/password"
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(400, "ACCOUNT_NOT_USABLE")
	w.api("PUT", "users/"+r.text("id")+"/enabled", obj{"enabled": true}).want(200, "")
	if s := w.api("POST password.check", pw, obj{"password": goodPassword}).want(200, "").text("status"); s != "MUST_CHANGE_PASSWORD" {
		t.Errorf("status %q", s)
	}
	w.api("POST user.import", "users", obj{"username": "ann", "password": obj{"value": "short"}}).want(400, "INVALID_VALUE")
}

func TestPutAndPatchUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.api("POST user.import", "users", obj{"username": "joe", "email": "joe@example.com", "emailVerified": true, "nickname": "J",
		"name": obj{"given": "Joe", "family": "Smith"}}).want(201, "").text("id")
	r := w.api("PATCH", "users/"+id, obj{"name": obj{"given": "Joseph"}, "nickname": nil, "mfaEnabled": true, "enabled": false}).want(200, "")
	if r.text("name.given") != "Joseph" || r.text("name.family") != "Smith" || r.at("nickname") != nil || r.at("mfaEnabled") != false ||
		r.at("enabled") != true || r.at("emailVerified") != true {
		t.Errorf("patched: %s", r.Raw)
	}
	r = w.api("PATCH", "users/"+id, obj{"email": "new@example.com"}).want(200, "")
	if r.at("emailVerified") != false {
		t.Error("a new address counts as verified")
	}
	r = w.api("PUT", "users/"+id, obj{"username": "joseph"}).want(200, "")
	if r.text("username") != "joseph" || r.at("name") != nil || r.text("email") != "" {
		t.Errorf("replaced: %s", r.Raw)
	}
	w.api("PUT", "users/"+id, obj{}).want(400, "REQUIRED_VALUE")
	for name, n := range map[string]float64{"joe": 0, "joseph": 1} {
		if got := w.api("GET", "users?filter="+escape(`username eq "`+name+`"`), nil).at("count"); got != n {
			t.Errorf("%s: %v users", name, got)
		}
	}
	for address, n := range map[string]float64{"joe@example.com": 0, "new@example.com": 0} {
		if got := w.api("GET", "users?filter="+escape(`email eq "`+address+`"`), nil).at("count"); got != n {
			t.Errorf("%s: %v users", address, got)
		}
	}
	w.api("POST", "users", obj{"username": "joe"}).want(201, "")
	w.api("PATCH", "users/"+id, obj{"username": "JOE"}).want(400, "UNIQUENESS_VIOLATION")
	w.api("PATCH", "users/"+id, obj{"username": "JOSEPH"}).want(200, "")
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	w.api("DELETE", "users/"+user, nil).want(204, "")
	for _, path := range []string{"users/" + user, "users/" + user + "/devices/" + device, "users/" + user + "/password"} {
		w.api("GET", path, nil).want(404, "NOT_FOUND")
	}
	w.check(da, w.mail("ben@example.com").Code).want(404, "NOT_FOUND")
	w.api("DELETE", "users/"+user, nil).want(404, "NOT_FOUND")
	if n := w.api("GET", "users", nil).at("count"); n != 0.0 {
		t.Errorf("%v users", n)
	}
	w.user("ben")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/device/")) {
		t.Errorf("left over: %s, %v", rec.Key, err)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, w.api("POST", "users", obj{"username": fmt.Sprint("user", i), "email": "shared@example.com",
			"name": obj{"family": []string{"Smith", "Jones"}[i%2]}}).want(201, "").text("id"))
	}
	list := func(query string) []string {
		t.Helper()
		r := w.api("GET", "users?"+query, nil).want(200, "")
		got := []string{}
		users, _ := r.at("_embedded.users").([]any)
		for _, u := range users {
			got = append(got, u.(obj)["id"].(string))
		}
		return got
	}
	for filter, want := range map[string][]string{
		``:                              ids,
		`username eq "USER3"`:           {ids[3]},
		`id eq "` + ids[2] + `"`:        {ids[2]},
		`id eq "nobody"`:                {},
		`email eq "Shared@Example.com"`: ids,
		`email eq "shared@example.com" and name.family eq "jones"`: {ids[1], ids[3]},
		`username eq "user1" and name.family eq "smith"`:           {},
		`(username eq "user1") or username sw "USER4"`:             {ids[1], ids[4]},
		`name.family sw "S" and enabled eq true`:                   {ids[0], ids[2], ids[4]},
		`mfaEnabled eq true`:                                       {},
	} {
		if d := cmp.Diff(want, list("filter="+escape(filter))); d != "" {
			t.Errorf("%s: %s", filter, d)
		}
	}
	w.api("GET", "users?filter="+escape(`shoe eq "x"`), nil).want(400, "INVALID_FILTER")
	r := w.api("GET", "users?filter="+escape(`username gt "x"`), nil).want(400, "INVALID_FILTER")
	if ops, _ := r.at("details.0.innerError.supportedOperators").([]any); len(ops) != 4 {
		t.Errorf("%s", r.Raw)
	}
	for _, limit := range []string{"0", "1001", "x"} {
		w.api("GET", "users?limit="+limit, nil).want(400, "OUT_OF_RANGE")
	}
	w.api("GET", "users?cursor=%21", nil).want(400, "INVALID_REQUEST")
}

// Pages follow each other by the next link, and count is that of all.
func TestListUsersInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.api("POST", "users", obj{"username": fmt.Sprint("user", i)}).want(201, "")
	}
	var sizes []any
	var names []string
	for path := "users?limit=2&filter=" + escape(`username sw "user"`); path != ""; {
		r := w.api("GET", path, nil).want(200, "")
		sizes = append(sizes, r.at("size"))
		for _, u := range r.at("_embedded.users").([]any) {
			names = append(names, u.(obj)["username"].(string))
		}
		if r.at("count") != 5.0 {
			t.Errorf("count %v", r.at("count"))
		}
		path = strings.TrimPrefix(r.text("_links.next.href"), base+"/v1/environments/"+envID+"/")
	}
	if d := cmp.Diff([]any{2.0, 2.0, 1.0}, sizes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"user0", "user1", "user2", "user3", "user4"}, names); d != "" {
		t.Error(d)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.api("POST", "users", obj{"username": "joe"}).want(201, "").text("id")
	for name, initial := range map[string]bool{"enabled": true, "mfaEnabled": false} {
		path := "users/" + user + "/" + name
		if got := w.api("GET", path, nil).want(200, "").at(name); got != initial {
			t.Errorf("%s is %v at first", name, got)
		}
		if got := w.api("PUT", path, obj{name: !initial}).want(200, "").at(name); got != !initial {
			t.Errorf("%s is %v after PUT", name, got)
		}
		if got := w.api("GET", "users/"+user, nil).at(name); got != !initial {
			t.Errorf("the user's %s is %v", name, got)
		}
		w.api("PUT", path, obj{}).want(400, "REQUIRED_VALUE")
		w.api("PUT", path, obj{name: "true"}).want(400, "INVALID_VALUE")
	}
}

// Many writers of one user lose nothing.
func TestParallelChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("joe")
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			w.api("PATCH", "users/"+user, obj{[]string{"title", "nickname", "type", "locale", "accountId", "externalId"}[i]: "x"}).want(200, "")
		})
	}
	all.Wait()
	r := w.api("GET", "users/"+user, nil)
	for _, member := range []string{"title", "nickname", "type", "locale", "accountId", "externalId"} {
		if r.text(member) != "x" {
			t.Errorf("%s was lost", member)
		}
	}
}

// A list does not conflict with changes of the users in it.
func TestListHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("joe")
	err := w.db.Update(t.Context(), func(ctx context.Context, _ *store.Tx) error {
		w.doCtx(ctx, request(pingone.HostAPI, "GET", "users", nil)).want(200, "")
		w.api("PATCH", "users/"+user, obj{"title": "Dr"}).want(200, "")
		w.doCtx(ctx, request(pingone.HostAPI, "POST", "users", obj{"username": "ann"}))
		return nil
	})
	if n := w.db.Stats().Reruns; err != nil || n != 0 {
		t.Errorf("%v, %d re-runs", err, n)
	}
}
