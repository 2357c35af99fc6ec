package application

import (
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// credential is what a push service wants to see. Its secrets are kept and never shown.
type credential struct {
	ID      string            `json:"i"`
	Type    string            `json:"t"`
	Secrets map[string]string `json:"s"`
	Created int64             `json:"c"` // Unix ms
	Updated int64             `json:"u"`
}

// wanted are the secrets of each type, all of them required.
var wanted = map[string][]string{
	"APNS":        {"key", "teamId", "token"},
	"FCM":         {"key"},
	"FCM_HTTP_V1": {"googleServiceAccountCredentials"},
	"HMS":         {"clientId", "clientSecret"},
}

// shown is a credential on the wire.
type shown struct {
	Links       rest.LinkSet `json:"_links"`
	ID          string       `json:"id"`
	Environment rest.Ref     `json:"environment"`
	Application rest.Ref     `json:"application"`
	Type        string       `json:"type"`
	CreatedAt   *rest.Time   `json:"createdAt"`
	UpdatedAt   *rest.Time   `json:"updatedAt"`
}

func credentialsKey(env, app string) store.Key { return store.K(env, "pushcredentials", app) }

func loadCredentials(c *rest.Call, app string) ([]credential, error) {
	var all []credential
	_, err := c.Get(credentialsKey(c.Env, app), &all)
	return all, err
}

func saveCredentials(c *rest.Call, app string, all []credential) error {
	return c.Put(credentialsKey(c.Env, app), all)
}

// acceptCredential reads a credential from the body.
func acceptCredential(c *rest.Call) (credential, error) {
	var b struct {
		Type         string  `json:"type"`
		Key          *string `json:"key"`
		TeamID       *string `json:"teamId"`
		Token        *string `json:"token"`
		Google       *string `json:"googleServiceAccountCredentials"`
		ClientID     *string `json:"clientId"`
		ClientSecret *string `json:"clientSecret"`
	}
	if err := c.Decode(&b); err != nil {
		return credential{}, err
	}
	names, ok := wanted[b.Type]
	switch {
	case b.Type == "":
		return credential{}, rest.Required("type")
	case !ok:
		return credential{}, rest.OneOf("type", b.Type, "APNS", "FCM", "FCM_HTTP_V1", "HMS")
	}
	given := map[string]*string{"key": b.Key, "teamId": b.TeamID, "token": b.Token,
		"googleServiceAccountCredentials": b.Google, "clientId": b.ClientID, "clientSecret": b.ClientSecret}
	out := credential{Type: b.Type, Secrets: map[string]string{}}
	for _, name := range names {
		switch v := given[name]; {
		case v == nil:
			return credential{}, rest.Required(name)
		case *v == "":
			return credential{}, rest.Empty(name)
		default:
			out.Secrets[name] = *v
		}
	}
	return out, nil
}

// of finds the credential of the path among those of its app; 404.
func of(c *rest.Call) (app string, all []credential, at int, err error) {
	a, _, err := named(c)
	if err != nil {
		return "", nil, 0, err
	}
	id, err := c.ID("credentialID")
	if err != nil {
		return "", nil, 0, err
	}
	if all, err = loadCredentials(c, a.ID); err != nil {
		return "", nil, 0, err
	}
	at = slices.IndexFunc(all, func(k credential) bool { return k.ID == id })
	if at < 0 {
		return "", nil, 0, rest.Missing()
	}
	return a.ID, all, at, nil
}

func auditedCredential(c *rest.Call, event, id string) error {
	return c.Audit(rest.Event{Type: event, ResourceType: "PUSH_CREDENTIALS", ResourceID: id})
}
