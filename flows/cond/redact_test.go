package cond

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const redactSchema = `{"type": "object", "properties": {
  "device": {"type": "object", "properties": {"id": {"type": "string"}, "email": {"type": "string", "x-personal": true}, "secret": {"type": "string", "secret": true}}},
  "devices": {"type": "array", "items": {"$ref": "#/properties/device"}},
  "seeds": {"type": "array", "items": {"type": "string", "secret": true}},
  "named": {"type": "object", "additionalProperties": {"$ref": "#/properties/device"}},
  "open": {"type": "object"}, "any": {},
  "policy": {"type": "object", "properties": {"otp": {"type": "object", "properties": {"length": {"type": "integer"}}}}},
  "either": {"type": "object", "oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"key": {"type": "string", "secret": true}}}]},
  "all": {"allOf": [{"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}}, {"type": "array", "items": {"properties": {"key": {"secret": true, "type": "string"}}}}]},
  "owner": {"type": "object", "x-personal": true, "properties": {"first": {"type": "string"}}},
  "account": {"type": "string", "x-personal": true}, "pool": {"type": "string", "x-personal": false}, "nickname": {"type": "string", "x-personal": false}
}}`

// redactData has the word CANARY wherever a secret is.
const redactData = `{
  "device": {"id": "d1", "email": "ben@example.com", "secret": "CANARY", "keyUri": "otpauth://CANARY", "test": {"otp": "CANARY"}},
  "devices": [{"id": "d1", "secret": "CANARY", "deep": [[{"password": "CANARY", "kept": 1}]]}], "seeds": ["CANARY", "CANARY"],
  "named": {"x": {"id": "d2", "secret": "CANARY"}},
  "open": {"Client_Secret": "CANARY", "id": "o1", "list": [{"access-token": "CANARY"}]}, "any": [{"otp": 123456}, "text"],
  "policy": {"otp": {"length": 6}},
  "either": {"a": "x", "key": "CANARY"}, "all": [{"id": "i1", "key": "CANARY"}], "undeclared": {"seed": "CANARY", "id": "u1"}
}`

func TestWithoutSecretsLeavesNoneWhateverHoldsThem(t *testing.T) {
	t.Parallel()
	typ, data := FromSchema(object(t, redactSchema)), object(t, redactData)
	got, ok := WithoutSecrets(data, typ, nil)
	want := object(t, `{
	  "device": {"id": "d1", "email": "ben@example.com", "test": {}}, "devices": [{"id": "d1", "deep": [[{"kept": 1}]]}], "seeds": [],
	  "named": {"x": {"id": "d2"}}, "open": {"id": "o1", "list": [{}]}, "any": [{}, "text"], "policy": {"otp": {"length": 6}},
	  "either": {"a": "x"}, "all": [{"id": "i1"}], "undeclared": {"id": "u1"}
	}`)
	if diff := cmp.Diff(any(want), got); diff != "" || !ok {
		t.Errorf("%v (-want +got)\n%s", ok, diff)
	}
	if diff := cmp.Diff(object(t, redactData), data); diff != "" {
		t.Errorf("the value itself was changed\n%s", diff)
	}
}

func TestWithoutSecretsLeavesThoseThatThePlaceTakes(t *testing.T) {
	t.Parallel()
	from := FromSchema(object(t, redactSchema)).Fields["device"].Type
	to := FromSchema(object(t, `{"type": "object", "properties": {"secret": {"type": "string", "secret": true}}}`))
	v := object(t, `{"id": "d1", "secret": "S", "keyUri": "U"}`)
	if got, _ := WithoutSecrets(v, from, to); !cmp.Equal(got, any(object(t, `{"id": "d1", "secret": "S"}`))) {
		t.Errorf("got %v, want id and secret", got)
	}
	if got, _ := WithoutSecrets(v, from, &Type{Secret: true}); !cmp.Equal(got, any(v)) {
		t.Errorf("got %v, want all of it", got)
	}
	if got, ok := WithoutSecrets("S", &Type{Kind: String, Secret: true}, nil); ok {
		t.Errorf("got %v of a secret alone, want nothing", got)
	}
}

func TestHideLeavesNoNameAndNoAddress(t *testing.T) {
	t.Parallel()
	hash := func(s string) string { return "#" + s[:1] }
	v := object(t, `{"device": {"id": "d1", "email": "ben@example.com", "secret": "x"}, "owner": {"first": "Ben", "list": ["Ben", 7, true]}, "account": "Ben",
	  "pool": "Ben", "nickname": "N", "open": {"phoneNumber": 4312345, "text": "mail ben@example.com, call +43 1 2345678 or 10.0.0.1", "user_name": "ben", "ip": "192.0.2.1"},
	  "any": ["0043 1 234567", "123456", "2026-01-02T03:04:05.000Z", "2001:db8::1"]}`)
	want := object(t, `{"device": {"id": "d1", "email": "#b"}, "owner": {"first": "#B", "list": ["#B", "#7", true]}, "account": "#B",
	  "pool": "Ben", "nickname": "N", "open": {"phoneNumber": "#4", "text": "mail #b, call #+ or 10.0.0.1", "user_name": "#b", "ip": "192.0.2.1"},
	  "any": ["#0", "123456", "2026-01-02T03:04:05.000Z", "2001:db8::1"]}`)
	if diff := cmp.Diff(any(want), Hide(v, FromSchema(object(t, redactSchema)), hash)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPublicTypeIsThatOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	typ := FromSchema(object(t, redactSchema))
	if !typ.HasSecret() || typ.Public().HasSecret() {
		t.Errorf("HasSecret is %v and after Public %v, want true and false", typ.HasSecret(), typ.Public().HasSecret())
	}
	device := typ.Public().Fields["device"].Type
	if _, named := device.Fields["secret"]; named || device.Fields["id"].Type == nil {
		t.Errorf("the public device has the members %v", device.names())
	}
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNameOfASecretIsFoundByItsLastWords(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"password", "userPassword", "user_password", "USER-PASSWORD", "oldPasswords", "passwordHash", "totpSecret", "otpCode", "apiKey", "x_api_key",
		"clientSecret", "refreshToken", "sessionTokens", "keyUri", "privateKey", "pinCode", "passwordList"} {
		if !namesSecret(name) {
			t.Errorf("%s is no secret, want one", name)
		}
	}
	for _, name := range []string{"passwordStatus", "passwordChangedAt", "otpLength", "pinned", "tokenType", "publicKey", "credentialId", "allowCredentials", "secretsLeft", "mapping", "spin", "id", ""} {
		if namesSecret(name) {
			t.Errorf("%s is a secret, want none", name)
		}
	}
}

func TestNameOfAPersonIsFoundByItsLastWords(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"email", "workEmail", "contact_email", "phoneNr", "tel", "telNo", "homePhoneNumber", "loginName", "Surname", "e-mail", "emailAddress"} {
		if !namesPerson(name) {
			t.Errorf("%s names nobody, want a person", name)
		}
	}
	for _, name := range []string{"emailVerified", "ipAddress", "phoneType", "hostname", "hotel", "id", "number", "no", "address_type", ""} {
		if namesPerson(name) {
			t.Errorf("%s names a person, want nobody", name)
		}
	}
}
