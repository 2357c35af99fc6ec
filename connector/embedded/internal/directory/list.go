package directory

import (
	"fmt"
	"net/url"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
	"github.com/mfaflow/mfaflow/store"
)

// schema is what users may be filtered by.
var schema = scim.Schema{
	Attributes: []string{
		"id", "username", "email", "enabled", "mfaEnabled", "population.id", "name.given", "name.middle", "name.family",
		"name.formatted", "nickname", "title", "type", "locale", "preferredLanguage", "timezone", "primaryPhone",
		"mobilePhone", "accountId", "externalId", "address.streetAddress", "address.locality", "address.region",
		"address.postalCode", "address.countryCode", "photo.href",
	},
	Operators: []string{"eq", "sw", "ew", "co"},
	Fold:      address.Fold,
}

// list answers GET users. A filter that names an id, a user name or an e-mail address
// exactly reads only those; any other looks at all users, up to ScanLimit. Only an id
// and a user name are found in the unit of work that made them.
func (d *Directory) list(c *rest.Call) (rest.Reply, error) {
	f, err := scim.Parse(c.Query.Get("filter"), schema)
	if err != nil {
		return rest.Reply{}, scim.Refusal(err)
	}
	limit, err := rest.PageSize(c.Query)
	if err != nil {
		return rest.Reply{}, err
	}
	members := "users\n" + c.Query.Get("filter")
	after, err := d.Cursors.Open(c, members)
	if err != nil {
		return rest.Reply{}, err
	}
	page, err := d.collect(c, f, limit, after)
	if err != nil {
		return rest.Reply{}, err
	}
	if name, exact := f.Equal("username"); exact && c.Query.Get("decoy") == "true" {
		if len(page.users) == 0 {
			if page.users, err = d.pretend(c, name); err != nil {
				return rest.Reply{}, err
			}
			page.count = 1
		}
		for i := range page.users { // in the spelling of who asks: that of the account is not a stranger's to know
			page.users[i].Username, page.users[i].StandIn = name, d.Decoys.Device(page.users[i].ID)
		}
	}
	links := rest.LinkSet{"self": listLink(c, c.Query)}
	if page.more {
		q := url.Values{"cursor": {d.Cursors.Seal(c, members, page.users[len(page.users)-1].ID)}}
		for _, k := range []string{"filter", "limit"} {
			if v := c.Query.Get(k); v != "" {
				q.Set(k, v)
			}
		}
		links["next"] = listLink(c, q)
	}
	return rest.OK(map[string]any{
		"_links": links, "_embedded": map[string]any{"users": page.users}, "count": page.count, "size": len(page.users),
	})
}

// page is what a list found: up to limit users, and how many match in all.
type page struct {
	users []User
	count int
	more  bool
}

func (d *Directory) collect(c *rest.Call, f scim.Filter, limit int, after string) (page, error) {
	p := page{users: []User{}}
	visit := func(read reader, id string) error {
		in, a, err := load(c, read, id)
		if err != nil || in == nil || !f.Match(d.attributes(id, in, a)) {
			return err
		}
		p.count++
		if after != "" && id <= after {
			return nil
		}
		if p.more = len(p.users) == limit; !p.more {
			p.users = append(p.users, d.show(c, in, a))
		}
		return nil
	}
	ids, known, err := d.candidates(c, f)
	if err != nil {
		return p, err
	}
	if known {
		for _, id := range ids {
			if err := visit(c.Tx.Get, id); err != nil {
				return p, err
			}
		}
		return p, nil
	}
	return p, d.scan(c, visit)
}

// candidates finds the users that a filter can match at all, by index.
func (d *Directory) candidates(c *rest.Call, f scim.Filter) (ids []string, known bool, err error) {
	if id, ok := f.Equal("id"); ok {
		if rest.IsID(id) {
			ids = append(ids, id)
		}
		return ids, true, nil
	}
	if name, ok := f.Equal("username"); ok {
		recs, err := c.Tx.Get(d.nameKey(c.Env, name))
		if err == nil && recs[0].Rev != 0 {
			ids = append(ids, string(recs[0].Value))
		}
		return ids, true, err
	}
	if email, ok := f.Equal("email"); ok && email != "" {
		ids, err = under(c, d.addressPrefix(c.Env, email))
		return ids, true, err
	}
	return nil, false, nil
}

// under lists the last segments of the keys that begin with prefix.
func under(c *rest.Call, prefix store.Key) ([]string, error) {
	var ids []string
	for rec, err := range c.DB.Scan(c.Ctx, store.Under(prefix)) {
		if err != nil {
			return nil, fmt.Errorf("scan %s: %w", prefix, err)
		}
		ids = append(ids, string(rec.Key[len(prefix):]))
	}
	return ids, nil
}

// scan visits all users in the order of their ids, which is that of their creation. It
// reads beside the unit: a list is no snapshot, and must not fail because one of many
// users changed meanwhile.
func (d *Directory) scan(c *rest.Call, visit func(read reader, id string) error) error {
	read := func(keys ...store.Key) ([]store.Record, error) { return c.DB.Get(c.Ctx, keys...) }
	prefix := account.Key(c.Env, "")
	r := store.Under(prefix)
	r.Limit = d.ScanLimit
	for rec, err := range c.DB.Scan(c.Ctx, r) {
		if err != nil {
			return fmt.Errorf("scan users: %w", err)
		}
		if err := visit(read, string(rec.Key[len(prefix):])); err != nil {
			return err
		}
	}
	return nil
}

func listLink(c *rest.Call, q url.Values) rest.Link {
	l := c.Links.API("users")
	if len(q) > 0 {
		l.Href += "?" + q.Encode()
	}
	return l
}

// attributes reads a user's attributes by their names on the wire.
func (d *Directory) attributes(id string, in *info, a *account.Account) func(string) any {
	return func(name string) any {
		switch name {
		case "id":
			return id
		case "username":
			return in.Username
		case "email":
			return value(in.Email)
		case "enabled":
			return !a.Off
		case "mfaEnabled":
			return a.MFA
		case "population.id":
			return d.Population
		}
		for _, r := range in.rules() {
			if r.name == name {
				return value(r.value)
			}
		}
		return nil
	}
}

// value is the text, or nil for an attribute without one.
func value(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// pretend gives the user that a name would have, for a flow that must not tell a stranger
// that there is none. It costs what a user costs.
func (d *Directory) pretend(c *rest.Call, name string) ([]User, error) {
	id := d.Decoys.User(name)
	if _, _, err := load(c, c.Tx.Get, id); err != nil {
		return nil, err
	}
	in := &info{Profile: Profile{Username: name}, Created: c.Tx.Now().UnixMilli(), Updated: c.Tx.Now().UnixMilli()}
	return []User{d.show(c, in, &account.Account{ID: id})}, nil
}
