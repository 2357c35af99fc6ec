package embedded_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Whatever is sent, the service answers with a status below 500 and JSON or nothing.
func FuzzServeHTTP(f *testing.F) {
	for _, s := range [][3]string{
		{"POST", "/users", `{"username":"ann","email":"ann@example.com"}`},
		{"GET", "/users?filter=username%20eq%20%22ben%22&limit=1", ""},
		{"POST device.activate", "/users/USER/devices/DEVICE", `{"otp":"123456"}`},
		{"POST devices.reorder", "/users/USER/devices", `{"order":[{"id":"DEVICE"}]}`},
		{"PATCH", "/users/USER", `{"name":{"given":null}}`},
		{"PUT password.set", "/users/USER/password", `{"value":"correct horse 10"}`},
		{"POST", "/deviceAuthenticationPolicies", p0},
		{"POST otp.check", "/deviceAuthentications/DA", `{"otp":"123456"}`},
		{"POST", "/deviceAuthentications", `{"user":{"id":"USER"},"selectedDevice":{"id":"DEVICE"}}`},
		{"PUT", "/mfaSettings", `{"pairing":{"maxAllowedDevices":5,"pairingKeyFormat":"NUMERIC"}}`},
		{"POST", "/users/USER/devices", `{"type":"BROWSER","payload":"{\"locale\":\"en\"}","ip":"::1","session":{"id":"s"}}`},
		{"POST payload.check", "/deviceAuthentications", `{"user":{"id":"USER"},"payload":{"type":"BROWSER","value":"e30="}}`},
		{"POST", "/riskEvaluations", `{"event":{"ip":"203.0.113.9","user":{"id":"USER","type":"PING_ONE","groups":[{"name":"g"}]}}}`},
		{"POST", "/riskFeedback", `{"evaluationFeedbackItems":[{"riskEvaluation":{"id":"USER"},"feedbackCategory":"X"}]}`},
		{"PUT", "/riskPolicySets/" + rest.FixedID(envID, "riskPolicySet"), `{"name":"n","riskPolicies":[{"condition":{"type":"AGGREGATED_SCORES","between":{"minScore":1}},"result":{"level":"MEDIUM"}},
			{"condition":{"type":"AGGREGATED_SCORES","between":{"minScore":2}},"result":{"level":"HIGH"}}],"rules":[{"name":"r","when":"hour > 1","level":"HIGH","score":1,"predictor":{"compactName":"a","type":"A"}}]}`},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		w := newWorld(t)
		user, device := w.ben()
		fill := strings.NewReplacer("USER", user, "DEVICE", device, "DA", w.begin(user).text("id"))
		method, operation, _ := strings.Cut(method, " ")
		for _, root := range []string{apiRoot, authRoot} {
			r, err := http.NewRequest(method, "http://x"+root+fill.Replace(path), strings.NewReader(fill.Replace(body)))
			if err != nil {
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			if operation != "" {
				r.Header.Set("Content-Type", vendor+operation+"+json")
			}
			rec := httptest.NewRecorder()
			w.svc.ServeHTTP(rec, r)
			if rec.Code >= 500 || rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
				t.Errorf("%s %q %q: %d %s", method, path, body, rec.Code, rec.Body)
			}
		}
	})
}
