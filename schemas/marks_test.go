package schemas_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/schemas"
)

// property is one property of a capability's schema, wherever it stands.
type property struct {
	capability string
	path       string // with the names of the properties around it, joined by dots
	name       string
	doc        map[string]any
}

// properties lists every property of every capability, however deep.
func properties(t *testing.T) []property {
	t.Helper()
	var all []property
	for _, id := range schemas.IDs() {
		raw, _ := schemas.Capability(id)
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		all = append(all, listPropertiesBelow(id, "", doc)...)
	}
	if len(all) < 1000 {
		t.Fatalf("%d properties were found, want over 1,000: the walk misses some", len(all))
	}
	return all
}

func listPropertiesBelow(id, path string, schema map[string]any) []property {
	var all []property
	named, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		doc, _ := named[name].(map[string]any)
		at := strings.TrimPrefix(path+"."+name, ".")
		all = append(all, property{id, at, name, doc})
		all = append(all, listPropertiesBelow(id, at, doc)...)
	}
	for _, word := range []string{"items", "additionalProperties", "not", "if", "then", "else"} {
		if doc, ok := schema[word].(map[string]any); ok {
			all = append(all, listPropertiesBelow(id, path, doc)...)
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf", "prefixItems"} {
		list, _ := schema[word].([]any)
		for _, item := range list {
			if doc, ok := item.(map[string]any); ok {
				all = append(all, listPropertiesBelow(id, path, doc)...)
			}
		}
	}
	for _, word := range []string{"$defs", "patternProperties", "dependentSchemas"} {
		group, _ := schema[word].(map[string]any)
		for _, item := range group {
			if doc, ok := item.(map[string]any); ok {
				all = append(all, listPropertiesBelow(id, path, doc)...)
			}
		}
	}
	return all
}

// holdsValue reports whether a property holds a value of its own and no settings.
func (p property) holdsValue() bool {
	text, _ := json.Marshal(p.doc["type"])
	return strings.Contains(string(text), `"string"`) || strings.Contains(string(text), `"integer"`)
}

// isSecret reports whether whoever reads the property can act as somebody with it.
func (p property) isSecret() bool {
	name := strings.ToLower(p.name)
	for _, word := range []string{"secret", "keyuri", "password", "passcode", "privatekey", "token", "devicesession", "sessionid", "yubikey"} {
		if strings.Contains(name, word) {
			return !strings.HasPrefix(name, "oathtoken") && name != "passwordstatus" // what kind of device, and of account
		}
	}
	bearer := strings.Contains(p.capability, "pairing-key") || strings.Contains(p.capability, "authentication-code") || strings.HasSuffix(p.path, "input.code")
	return name == "otp" || bearer && (name == "code" || name == "uri") && !strings.Contains(p.path, "error.")
}

// isPersonal reports whether the property is an address or a name of a person.
func (p property) isPersonal() bool {
	name := strings.ToLower(p.name)
	for _, word := range []string{"email", "phone", "username", "nickname", "address", "birth"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return strings.HasPrefix(name, "onetime") && strings.HasSuffix(name, "device") ||
		slices.Contains([]string{"given", "middle", "family", "formatted", "displayname", "extension", "publickeycredentialcreationoptions"}, name)
}

func TestWhatActsForSomebodyIsSecretInEverySchema(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, p := range properties(t) {
		if !p.isSecret() || !p.holdsValue() {
			continue
		}
		seen[p.name]++
		if p.doc["secret"] != true {
			t.Errorf("%s: %s is not marked `secret: true`", p.capability, p.path)
		}
	}
	for _, name := range []string{"secret", "keyUri", "password", "otp", "code", "uri", "deviceSession", "yubiKey"} {
		if seen[name] == 0 {
			t.Errorf("no property is called %q: the rule of this test is stale", name)
		}
	}
}

func TestWhatNamesAPersonIsPersonalInEverySchema(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, p := range properties(t) {
		if !p.isPersonal() || !p.holdsValue() {
			continue
		}
		seen[p.name]++
		if p.doc["x-personal"] != true {
			t.Errorf("%s: %s is not marked `x-personal: true`", p.capability, p.path)
		}
	}
	for _, name := range []string{"email", "phone", "username", "nickname", "mobilePhone", "family", "oneTimeSmsDevice"} {
		if seen[name] == 0 {
			t.Errorf("no property is called %q: the rule of this test is stale", name)
		}
	}
}

func TestOnlyThreeCapabilitiesTakeAPassword(t *testing.T) {
	t.Parallel()
	allowed := []string{"user/check-password", "user/create", "user/set-password"}
	for _, p := range properties(t) {
		if strings.EqualFold(p.name, "password") && !slices.Contains(allowed, p.capability) {
			t.Errorf("%s takes a password: %s", p.capability, p.path)
		}
	}
}
