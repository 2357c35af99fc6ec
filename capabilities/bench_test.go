package capabilities

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// always is a pingone.API of one answer.
type always pingone.Response

func (a always) Do(context.Context, pingone.Request) (pingone.Response, error) {
	return pingone.Response(a), nil
}

// BenchmarkRun is what a capability costs beside its service: decoding, validating and
// framing a completed device authentication.
func BenchmarkRun(b *testing.B) {
	archive, err := txtar.ParseFile("mfa/testdata/device-passcode/right-email.txtar")
	if err != nil {
		b.Fatal(err)
	}
	var answer struct{ Body json.RawMessage }
	for _, section := range archive.Files {
		if section.Name == "response" {
			if err := json.Unmarshal(section.Data, &answer); err != nil {
				b.Fatal(err)
			}
		}
	}
	registry, err := connector.NewRegistry(All(Deps{MFA: always{Status: http.StatusOK, Body: answer.Body}})...)
	if err != nil {
		b.Fatal(err)
	}
	entry, _ := registry.Lookup("mfa/device-passcode")
	call := connector.Call{Input: map[string]any{"deviceAuthenticationId": "da1", "otp": "012345"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := entry.Run(b.Context(), call).(connector.Complete); !ok {
			b.Fatal("not complete")
		}
	}
}
