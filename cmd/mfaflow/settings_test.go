package main

import (
	"encoding/base64"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	goodSecret  = "7hPq2xW9-vT4mZk8s"
	otherSecret = "Lr5-eYc81-uGd0nBx"
)

// weakSecrets are such as somebody writes who wants to get on.
var weakSecrets = []string{
	"a", "secret", "q9Xw-77Lm-aa2P", "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab", "passwordpassword", "password12345678", "changemechangeme",
	"change-me-change-me", "1234567890123456", "0000000000000000", "0123456789abcdef", "abcdefghijklmnop", "ABCDEFGHIJKLMNOPqrst", "xyzxyzxyzxyzxyzxyz",
	"secret-token-admin", "                    ", " 7hPq2xW9-vT4mZk8s", "7hPq2xW9-vT4mZk8s\n", "7hPq2xW9\x00vT4mZk8s", "test-test-test-test", "default-admin-password-token",
	"Demo-mfaflow-2026!", "my-webhook-secret", "management-token-1", "webhook-secret-2026", "mfaflow-management", "replace-me-please", "your-token-here-please",
	"P@ssw0rdP@ssw0rd!", "1q2w3e4r5t6y7u8i", "qazwsxedcrfvtgby", "iloveyou-iloveyou2", "пароль-пароль-пароль", "insert-token-here", "ȺȺȺȺȺȺȺȺȺȺpassword", "\xff\xff\xff\xffpassword\xff\xff\xff\xff",
	"SuperSecretToken", "s3cr3t-w3bh00k-t0k3n",
}

// wrongSettings has values of every setting that cannot be used, with a piece of what the
// error says.
func wrongSettings(t *testing.T) map[string]map[string]string {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	steps := make([]byte, 32)
	for i := range steps {
		steps[i] = byte(7 * i)
	}
	weak := map[string]string{}
	for _, s := range weakSecrets {
		weak[s] = makeSecret
	}
	return map[string]map[string]string{
		"listen":      {"8080": "want HOST:PORT", "localhost": "want HOST:PORT", "127.0.0.1:http": "must be a number", "127.0.0.1:70000": "below 65536", "127.0.0.1:-1": "number"},
		"data":        {file: "name a folder", filepath.Join(file, "below"): "name a folder", "/dev/null": "name a folder"},
		"token":       weak,
		"environment": {"prod": "want a UUID", "AAAAAAAA-2222-4333-8444-555555555555": "want a UUID in lower case", "{" + siteEnv + "}": "want a UUID"},
		"url": {"id.example.com": "want http(s)://", "ftp://x": "want http(s)://", "https://": "want http(s)://", "https://u:p@x": "want http(s)://",
			"https://x/?a=b": "want http(s)://", "https://x/#a": "want http(s)://", "https://x y": "want http(s)://"},
		"flows": {filepath.Join(dir, "nothing"): "is no folder", file: "is no folder"},
		"key": {"x": "is not base64 of 32 bytes", key(make([]byte, 16)): "is not base64 of 32 bytes", key(make([]byte, 32)): "easy to guess",
			key([]byte(strings.Repeat("ab", 16))): "easy to guess", key([]byte(strings.Repeat("12345678", 4))): "easy to guess", key(steps): "easy to guess", key([]byte("this is my very secret key 12345")): "easy to guess", strings.Repeat("A", 44): makeSecret},
		"smtp-url": {"mail.example.com": "want smtp://", "smtp://mail.example.com": "want smtp://", "http://mail.example.com?from=a@b.org": "want smtp://",
			"smtp://m.example.com?from=a@b.org&tls=maybe": "want smtp://", "smtp://u:hunter2@m.example.com?from=a@b.org&tls=none": "in the clear"},
		"sms-webhook-url":    {"gateway": "https://host/path", "http://gateway.example.com/": "https://host/path", "https://gateway.example.com/#x": "https://host/path"},
		"sms-webhook-secret": weak,
		"worker-id":          {"alone": "go together"},
		"worker-secret":      weak,
		"origins":            {"login.example.com": "not an origin such as", "https://login.example.com/": "not an origin such as"},
		"top-origins":        {"*": "not an origin such as"},
		"proxies":            {"10.0.0.1": "not a network such as", "10.0.0.0/33": "not a network such as", "proxy.local": "not a network such as"},
		"audit-retention":    {"90": "90d", "d": "90d", "-1d": "90d", "1.5d": "90d", "23h": "90d", "0d": "90d", "90 days": "90d", "99999999999999d": "90d", "ü": "90d"},
		"dev":                {"maybe": "want true or false"},
	}
}

// Every setting that is wrong is refused with its name, what is wrong and what to write; a
// secret one is not repeated.
func TestEveryWrongSettingIsRefused(t *testing.T) {
	t.Parallel()
	wrong := wrongSettings(t)
	for _, s := range settings {
		if len(wrong[s.name]) == 0 {
			t.Errorf("no wrong value of %s is tried", s.name)
		}
	}
	beside := map[string]map[string]string{
		"worker-secret":      {"MFAFLOW_WORKER_ID": "worker"},
		"sms-webhook-url":    {"MFAFLOW_SMS_WEBHOOK_SECRET": goodSecret},
		"sms-webhook-secret": {"MFAFLOW_SMS_WEBHOOK_URL": "https://gateway.example.com/"},
	}
	for name, values := range wrong {
		for value, want := range values {
			env := map[string]string{"MFAFLOW_DATA": filepath.Join(t.TempDir(), "data"), variable(name): value}
			maps.Copy(env, beside[name])
			c, err := loadConfig(serveCommand(), func(name string) string { return env[name] })
			if err == nil {
				c.hashCost = cheap
				_, err = openApp(t.Context(), c, slog.New(slog.DiscardHandler))
			}
			switch {
			case err == nil:
				t.Errorf("%s %q is taken", name, value)
			case !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want):
				t.Errorf("%s %q: got %v, want its name and %q", name, value, err, want)
			case slices.Contains(secretSettings, name) && len(value) > 8 && name != "smtp-url" && strings.Contains(err.Error(), value), strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%s %q: the error repeats it: %v", name, value, err)
			}
			if _, err := os.Stat(env["MFAFLOW_DATA"]); err == nil && name != "data" {
				t.Errorf("%s %q: a data folder was made before the refusal", name, value)
			}
		}
	}
}

// Settings that are right pass, also the weakest that may.
func TestGoodSecretsAreTaken(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		goodSecret, otherSecret, "sixteen letters or more", siteToken, "correct horse battery", "9f86d081884c7d659a2feaa0c55ad015", "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
		"0190f2d4-7c1a-7e0b-9a53-5f3b1f7c2d11", "päßwörter-sind-öde",
	} {
		env := map[string]string{"MFAFLOW_TOKEN": secret, "MFAFLOW_WORKER_ID": "w", "MFAFLOW_WORKER_SECRET": secret,
			"MFAFLOW_SMS_WEBHOOK_URL": "https://gateway.example.com/", "MFAFLOW_SMS_WEBHOOK_SECRET": secret}
		if _, err := loadConfig(serveCommand(), func(name string) string { return env[name] }); err != nil {
			t.Errorf("%q: %v", secret, err)
		}
	}
}

// A number in the file would be another text than was written: "0012" is 12.
func TestSecretsInTheFileAreText(t *testing.T) {
	t.Parallel()
	for _, name := range append(slices.Clone(secretSettings), "worker-id") {
		path := filepath.Join(t.TempDir(), "mfaflow.yaml")
		if err := os.WriteFile(path, []byte(name+": 123456789012\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := readConfigFile(path, true); err == nil || !strings.Contains(err.Error(), name+" must be text; quote it") {
			t.Errorf("%s as a number: %v", name, err)
		}
	}
}
