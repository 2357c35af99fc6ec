package capabilities

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/schemas"
)

func TestEveryCapabilityHasASchemaAndEverySchemaACapability(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, s := range specs() {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, schemas.IDs()) {
		t.Errorf("capabilities %v\nschemas %v", ids, schemas.IDs())
	}
	if _, err := connector.NewRegistry(All(Deps{})...); err != nil {
		t.Error(err)
	}
}

// The struct that a capability decodes its input into has exactly the members of the
// input schema: a forgotten one would be ignored without a sound.
func TestInputStructsMatchSchemas(t *testing.T) {
	t.Parallel()
	registry := newRegistry(t, Deps{})
	for _, s := range specs() {
		entry, ok := registry.Lookup(s.ID)
		if !ok {
			t.Fatalf("%s is not in the registry", s.ID)
		}
		properties, _ := entry.Spec.Input.Doc["properties"].(map[string]any)
		want := slices.Sorted(maps.Keys(properties))
		if got := tags(s.Input); !slices.Equal(got, want) {
			t.Errorf("%s: struct has %v, schema has %v", s.ID, got, want)
		}
	}
}

func TestAliasesAreDaVincisNames(t *testing.T) {
	t.Parallel()
	registry := newRegistry(t, Deps{})
	for alias, id := range map[string]string{
		"pingOneMfaConnector.validateOtpDeviceAuthentication":  "mfa/device-passcode",
		"pingOneMfaConnector.createDeviceAuthenticationPingID": "pingid/create-device-authentication",
		"pingOneMfaConnector.cancelDeviceAuthenticationPingID": "mfa/cancel-device-authentication",
		"pingOneMfaConnector.deviceSelectDeviceAuthentication": "mfa/device-selection",
		"pingOneMfaConnector.readUserMFAEnabled":               "mfa/read-mfa-status",
	} {
		if e, ok := registry.Lookup(alias); !ok || e.ID != id {
			t.Errorf("Lookup(%q): found %v, want %s", alias, ok, id)
		}
	}
}

func TestJoinedIsTheBackEndsWord(t *testing.T) {
	t.Parallel()
	for _, joined := range []bool{true, false} {
		for _, c := range All(Deps{Joined: joined}) {
			if c.Joined != joined {
				t.Errorf("%s: Joined %v, want %v", c.ID, c.Joined, joined)
			}
		}
	}
}

func newRegistry(t *testing.T, d Deps) *connector.Registry {
	t.Helper()
	r, err := connector.NewRegistry(node.Bind(d, specs()...)...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tags(in reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(in) {
		if !f.Anonymous {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
