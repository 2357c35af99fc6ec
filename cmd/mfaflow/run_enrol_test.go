package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRunEnrols: a code on the phone and one of an app, each wrong first, are in the
// saved walks as what they were read from.
func TestRunEnrols(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startTalk(t, dir, "device-registration", "--user", "demo", "--save-test", "phone.test.yaml")
	p.sees(`\d\. SMS\n`)
	p.types("SMS", "+46701234567")
	code := p.sees(`inbox: SMS to \+46701234567, code (\d{6})\n`)
	p.types(wrong(code), code)
	p.sees(`== COMPLETED: enrolled ==`)
	p.ends(exitFine)
	p = startTalk(t, dir, "device-registration", "--user", "demo", "--save-test", "app.test.yaml")
	p.types("TOTP")
	a, ok := readTOTP(p.sees(`key uri: (otpauth://\S+)\n`))
	if !ok {
		t.Fatalf("no URI of an app in\n%s", p.text)
	}
	p.types("abc", a.code(time.Now().Unix()/a.period))
	p.sees(`! Code from the app: `)
	p.sees(`== COMPLETED: enrolled ==`)
	p.ends(exitFine)
	for file, line := range map[string]string{
		"phone.test.yaml": `- { act: submit, form: { otp: "=phone[0].code" } }`,
		"app.test.yaml":   `- { act: submit, form: { otp: "=app[0].code" } }`,
	} {
		passes(t, dir, file)
		if saved, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(saved), line) {
			t.Errorf("%s is not in %v\n%s", line, err, saved)
		}
	}
}
