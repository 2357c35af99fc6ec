package embedded_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/memory"
)

// BenchmarkSignOn initializes a deviceAuthentication of a test device and checks its
// code: two units of work. The memory store shows the service's own cost, bolt adds two
// durable commits.
func BenchmarkSignOn(b *testing.B) {
	b.Run("memory", func(b *testing.B) { signOn(b, memory.New()) })
	b.Run("bolt", func(b *testing.B) {
		s, err := bolt.Open(filepath.Join(b.TempDir(), "data.db"))
		if err != nil {
			b.Fatal(err)
		}
		signOn(b, s)
	})
}

func signOn(b *testing.B, s store.Store) {
	db, err := store.Open(b.Context(), s, store.Options{Key: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	svc, err := embedded.New(b.Context(), db, embedded.Options{Environment: envID, BaseURL: base, TestDevices: true})
	if err != nil {
		b.Fatal(err)
	}
	do := func(status int, req pingone.Request) string {
		resp, err := svc.Do(b.Context(), req)
		if err != nil || resp.Status != status {
			b.Fatalf("%v: %d %s %v", req.Path, resp.Status, resp.Body, err)
		}
		return string(resp.Body)
	}
	user := member(do(201, request(pingone.HostAPI, "POST", "users", obj{"username": "ben"})), "id")
	do(201, request(pingone.HostAPI, "POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "ben@example.com", "testMode": true}))
	before := db.Stats()
	b.ReportAllocs()
	for b.Loop() {
		da := do(201, request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}}))
		_, id, _ := strings.Cut(member(da, "href"), "/deviceAuthentications/")
		do(200, otpCheck(id, member(da, "otp")))
	}
	after := db.Stats()
	b.ReportMetric(float64(after.Bytes-before.Bytes)/float64(b.N), "stored-B/op")
	b.ReportMetric(float64(after.Records-before.Records)/float64(b.N), "records/op")
}

// member finds the first member of a name by text: a benchmark need not decode.
func member(body, name string) string {
	_, rest, _ := strings.Cut(body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
