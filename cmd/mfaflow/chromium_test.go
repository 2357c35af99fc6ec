package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// browser is Chromium with a virtual authenticator, on an empty page of the site's origin
// as it knows it: localhost.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string
}

// openBrowser starts one. A machine without Chromium fails the test: `make test` installs it.
func openBrowser(t *testing.T, s *site) *browser {
	t.Helper()
	path := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	for _, flag := range []string{"disable-gpu", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, url: strings.Replace(s.config.url, "127.0.0.1", "localhost", 1)}
	if err := chromedp.Do(ctx, chromedp.Navigate(b.url+"/assets/page.html")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
			AutomaticPresenceSimulation: true,
		}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// chromium finds the browser under the names that it has.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is not installed: `make tools` installs it (Debian: apt-get install chromium)")
	return ""
}

// passkey runs a function of the site's own script on options.
func (b *browser) passkey(function, options string) string {
	b.t.Helper()
	quoted, err := json.Marshal(options)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`import("/assets/passkey.js").then(m => m.`+function+`(`+string(quoted)+`))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// withPage gives the site an empty page to stand on.
func withPage(s *site) {
	app := s.http.Config.Handler
	s.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/page.html" {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<!doctype html><title>page</title>"))
			return
		}
		app.ServeHTTP(w, r)
	})
}

// A real browser registers a passkey and signs on with it, with a name and without, from
// PingOne's options strings, through the script that pages use.
func TestPasskeyInChromium(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	withPage(s)
	b := openBrowser(t, s)
	origin := b.url
	user := s.demo()
	made := s.pingone("POST", "/v1/environments/"+siteEnv+"/users/"+user+"/devices", "", map[string]any{"type": "FIDO2"})
	attestation := b.passkey("create", text(made, "publicKeyCredentialCreationOptions"))
	s.pingone("POST", "/v1/environments/"+siteEnv+"/users/"+user+"/devices/"+text(made, "id"), "device.activate",
		map[string]any{"attestation": attestation, "origin": origin})
	for _, body := range []map[string]any{
		{"user": map[string]any{"id": user}, "selectedDevice": map[string]any{"id": text(made, "id")}},
		{"rp": map[string]any{"id": "localhost"}},
	} {
		begun := s.pingone("POST", "/"+siteEnv+"/deviceAuthentications", "", body)
		assertion := b.passkey("get", text(begun, "publicKeyCredentialRequestOptions"))
		done := s.pingone("POST", "/"+siteEnv+"/deviceAuthentications/"+text(begun, "id"), "assertion.check",
			map[string]any{"assertion": assertion, "origin": origin})
		who, _ := done["user"].(map[string]any)
		if done["status"] != "COMPLETED" || who["id"] != user {
			t.Errorf("%v", done)
		}
	}
	if got := b.passkey("compatibility", ""); got != "FULL" {
		t.Errorf("compatibility %s", got)
	}
}

// demo is the id of the demo user.
func (s *site) demo() string {
	s.t.Helper()
	list := s.pingone("GET", "/v1/environments/"+siteEnv+"/users?filter=username+eq+%22demo%22", "", nil)
	embedded, _ := list["_embedded"].(map[string]any)
	users, _ := embedded["users"].([]any)
	if len(users) != 1 {
		s.t.Fatalf("users %v", list)
	}
	return text(users[0].(map[string]any), "id")
}

// pingone makes a request of the embedded service over HTTP, as a worker would.
func (s *site) pingone(method, path, operation string, body any) map[string]any {
	s.t.Helper()
	header := []string{"Authorization", "Bearer " + siteToken}
	if operation != "" {
		header = append(header, "Content-Type", pingone.MediaType(operation))
	}
	status, b := s.call(method, path, body, header...)
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, b)
	}
	return out
}

func text(o map[string]any, name string) string {
	s, _ := o[name].(string)
	return s
}
