package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// cli runs the command in dir and returns exit code, output and error output.
func cli(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := command(t, dir, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

const brokenFlow = `schema: flow/v1
id: broken
title: Broken
start: a
nodes:
  a: { uses: mfa/device-pascode, next: b }
  b: { end: success }
`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A flow that is checked with its test is told once.
func TestLintTellsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "broken.yaml", brokenFlow)
	write(t, dir, "broken.test.yaml", "schema: flowtest/v1\nflow: broken\ntests: [{ name: B1, steps: [{ end: success }] }]\n")
	_, out, _ := cli(t, dir, "lint", "broken.test.yaml", "broken.yaml")
	if n := strings.Count(out, "[unknown-capability]"); n != 1 {
		t.Errorf("%d times:\n%s", n, out)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "broken.yaml", brokenFlow)
	write(t, dir, "fine.yaml", block(t, "yaml", 0))
	write(t, dir, "fine.test.yaml", "schema: flowtest/v1\nflow: welcome\ntests: [{ name: W1, steps: [{ see: username-password }] }]\n")
	write(t, dir, "broken.test.yaml", "schema: flowtest/v1\nflow: welcome\ntests: [{ name: W1, steps: [{ sea: username-password }] }]\n")
	write(t, dir, "mfaflow.yaml", "listen: 127.0.0.1:0\nlissten: x\n")
	for _, tc := range []struct {
		args []string
		code int
		says string // on either output
	}{
		{[]string{"lint", "fine.yaml"}, exitFine, ""},
		{[]string{"lint", "broken.yaml"}, exitProblems, "broken.yaml:6:14: error: there is no capability `mfa/device-pascode` [unknown-capability]"},
		{[]string{"lint", "fine.yaml", "broken.yaml"}, exitProblems, "did you mean `mfa/device-passcode`?"},
		{[]string{"lint", "fine.yaml", "fine.test.yaml"}, exitFine, ""},
		{[]string{"lint", "fine.yaml", "broken.test.yaml"}, exitProblems, "broken.test.yaml:3:31: error: a step has no key `sea` [unknown-key]"},
		{[]string{"lint"}, exitUsage, "needs a flow file"},
		{[]string{"lint", "nowhere.yaml"}, exitUsage, "nowhere.yaml"},
		{[]string{"lint", "-o", "xml", "fine.yaml"}, exitUsage, `-o is "xml"`},
		{[]string{"lint", "--strickt", "fine.yaml"}, exitUsage, "strickt"},
		{[]string{"lnt"}, exitUsage, `unknown command "lnt"`},
		{[]string{"fmt", "--check", "fine.yaml"}, exitFine, ""},
		{[]string{"graph", "broken.yaml"}, exitFine, "flowchart TD"},
		{[]string{"graph", "a.yaml", "b.yaml"}, exitUsage, "takes one argument"},
		{[]string{"schema"}, exitFine, "mfa/create-device-authentication"},
		{[]string{"schema", "flows"}, exitUsage, "flows"},
		{[]string{"capability", "list"}, exitFine, "pingid/create-device"},
		{[]string{"capability", "show", "pingOneMfaConnector.validateOtpDeviceAuthentication"}, exitFine, "mfa/device-passcode"},
		{[]string{"capability", "show", "mfa/nothing"}, exitUsage, "there is no capability"},
		{[]string{"version"}, exitFine, "mfaflow"},
		{[]string{"serve"}, exitUsage, `unknown setting "lissten"`},
		{[]string{"serve", "--config", "none.yaml"}, exitProblems, "none.yaml"},
		{[]string{"push", "fine.yaml", "--server", "http://127.0.0.1:1"}, exitProblems, "refused"},
	} {
		code, out, errs := cli(t, dir, tc.args...)
		if code != tc.code || !strings.Contains(out+errs, tc.says) {
			t.Errorf("mfaflow %v: exit %d, want %d and %q\n%s%s", tc.args, code, tc.code, tc.says, out, errs)
		}
	}
}

// TestLintFindsWhatIsCalled: a flow that is called may stand in the same folder.
func TestLintFindsWhatIsCalled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "leaf.yaml", "schema: flow/v1\nid: leaf\ntitle: Leaf\nstart: ok\nnodes: { ok: { end: found } }\n")
	write(t, dir, "top.yaml", "schema: flow/v1\nid: top\ntitle: Top\nstart: a\nnodes:\n  a: { call: leaf, next: { found: ok } }\n  ok: { end: failed }\n")
	if code, out, errs := cli(t, dir, "lint", "top.yaml"); code != exitFine {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
}

// TestServeRefusesDevsData: the demo user, whose password is printed here, never serves.
func TestServeRefusesDevsData(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	p.kill()
	if code, _, errs := cli(t, p.dir, "serve", "--listen", p.addr, "--data", "data"); code != exitUsage || !strings.Contains(errs, "demo user") {
		t.Errorf("exit %d %s", code, errs)
	}
	if err := os.Remove(filepath.Join(p.dir, "data", "key")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := cli(t, p.dir, "dev", "--listen", p.addr, "--data", "data"); code != exitUsage || !strings.Contains(errs, "is gone") {
		t.Errorf("exit %d %s", code, errs)
	}
}

// TestFirstStartThatFails: the token is printed by the first start that comes through.
func TestFirstStartThatFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "flows"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "flows"), "broken.yaml", brokenFlow)
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", "data"}
	if code, out, errs := cli(t, dir, append(args, "--flows", "flows")...); code != exitProblems || out != "" || !strings.Contains(errs, "broken.yaml:6:14") {
		t.Fatalf("exit %d %s%s", code, out, errs)
	}
	for _, printed := range []bool{true, false} {
		cmd := command(t, dir, args...)
		cmd.Env = append(cmd.Env, "MFAFLOW_TOKEN=")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		got := false
		for lines.Scan() {
			if got = got || strings.HasPrefix(lines.Text(), "token "); strings.HasPrefix(lines.Text(), "ready") {
				break
			}
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("a graceful stop: %v", err)
		}
		if got != printed {
			t.Errorf("token printed: %v, want %v", got, printed)
		}
	}
}

func TestDevStaysOnTheLoopback(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:80", "nonsense"} {
		if code, _, errs := cli(t, dir, "dev", "--listen", listen); code != exitUsage || errs == "" {
			t.Errorf("dev --listen %s: exit %d %s", listen, code, errs)
		}
	}
}

func TestWrongKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	p.kill()
	write(t, filepath.Join(p.dir, "data"), "key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	if code, _, errs := cli(t, p.dir, "dev", "--listen", p.addr, "--data", "data"); code != exitProblems || !strings.Contains(errs, "wrong master key") {
		t.Errorf("exit %d: %s", code, errs)
	}
	write(t, filepath.Join(p.dir, "data"), "key", "short\n")
	if code, _, errs := cli(t, p.dir, "dev", "--listen", p.addr, "--data", "data"); code != exitUsage || !strings.Contains(errs, "32 bytes") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestLintJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "broken.yaml", brokenFlow)
	code, out, _ := cli(t, dir, "lint", "-o", "json", "broken.yaml")
	var body struct {
		Code     string
		Problems []flows.Problem
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil || code != exitProblems {
		t.Fatalf("exit %d: %v\n%s", code, err, out)
	}
	if body.Code != "FLOW_INVALID" || len(body.Problems) != 1 || body.Problems[0].Line != 6 || body.Problems[0].Column != 14 {
		t.Errorf("got %s", out)
	}
}

func TestFmt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const messy = `schema: flow/v1
id: f
title: F
start: a
nodes:
  # the end
  b: {end: success}
  a:
    show:    message
    next: {continue: b}
`
	write(t, dir, "f.yaml", messy)
	if code, out, _ := cli(t, dir, "fmt", "--check", "f.yaml"); code != exitProblems || strings.TrimSpace(out) != "f.yaml" {
		t.Errorf("fmt --check: exit %d %q", code, out)
	}
	if code, _, errs := cli(t, dir, "fmt", "f.yaml"); code != exitFine {
		t.Fatalf("fmt: exit %d %s", code, errs)
	}
	got, err := os.ReadFile(filepath.Join(dir, "f.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	if strings.Index(text, "  a:") > strings.Index(text, "  b:") || !strings.Contains(text, "# the end") {
		t.Errorf("formatted:\n%s", text)
	}
	if code, out, _ := cli(t, dir, "fmt", "--check", "f.yaml"); code != exitFine || out != "" {
		t.Errorf("fmt is not idempotent: exit %d %q", code, out)
	}
}

// TestPush uploads with the command, and a bad flow changes nothing.
func TestPush(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	write(t, p.dir, "welcome.yaml", block(t, "yaml", 0))
	write(t, p.dir, "broken.yaml", strings.Replace(brokenFlow, "id: broken", "id: welcome", 1))
	server := "http://" + p.addr
	if code, out, errs := cli(t, p.dir, "push", "welcome.yaml", "--server", server); code != exitFine || !strings.HasPrefix(out, "deployed welcome sha256:") {
		t.Fatalf("push: exit %d %s%s", code, out, errs)
	}
	if code, _, errs := cli(t, p.dir, "push", "broken.yaml", "--server", server); code != exitProblems || !strings.Contains(errs, "broken.yaml:6:14") {
		t.Errorf("push of a broken flow: exit %d %s", code, errs)
	}
	if code, _, errs := cli(t, p.dir, "push", "welcome.yaml", "--server", server, "--token", "wrong"); code != exitProblems || !strings.Contains(errs, "401") {
		t.Errorf("push with a wrong token: exit %d %s", code, errs)
	}
	status, body, err := p.request("GET", "/v1/flows/welcome", nil, "Authorization", "Bearer "+siteToken)
	if err != nil || status != http.StatusOK || string(body) != block(t, "yaml", 0) {
		t.Errorf("the broken upload changed something: %d %v %s", status, err, body)
	}
}
