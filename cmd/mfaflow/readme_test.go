package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The README is executed: its flow is uploaded and tested, its graph drawn, its session
// typed into bash against a running server, its program run.

const root = "../.."

// block returns the n-th fenced block of a language.
func block(t *testing.T, language string, n int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(found) <= n {
		t.Fatalf("the README has %d blocks of %s", len(found), language)
	}
	return string(found[n][1])
}

func TestReadmeGraph(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "welcome.yaml"), []byte(block(t, "yaml", 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"lint", "--strict", "welcome.yaml"}, {"fmt", "--check", "welcome.yaml"}, {"graph", "welcome.yaml"}} {
		out, err := command(t, dir, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("mfaflow %v: %v\n%s", args, err, out)
		}
		if args[0] == "graph" && string(out) != block(t, "mermaid", 0) {
			t.Errorf("the README's picture is not what `mfaflow graph` draws:\n%s", out)
		}
	}
}

func TestReadmeFlowTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for n, name := range []string{"welcome.yaml", "welcome.test.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(block(t, "yaml", n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := command(t, dir, "test", "welcome.test.yaml").CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "\n2 passed, 0 failed\n") {
		t.Errorf("mfaflow test: %v\n%s", err, out)
	}
}

func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(block(t, "sh", 0)) {
		words, _, _ := strings.Cut(strings.TrimSpace(line), "#")
		args := append([]string{"-n"}, strings.Fields(words)[1:]...)
		cmd := exec.Command("make", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", words, err, out)
		}
	}
}

func TestReadmeProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(block(t, "go", 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", file)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := block(t, "text", 0); string(out) != want {
		t.Errorf("printed %q, the README says %q", out, want)
	}
}

// TestReadmeSession types the session into bash, line by line, and kills the server
// where the page says so. An ellipsis in an answer stands for anything.
func TestReadmeSession(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("this test needs %s: install it (apt-get install %s)", tool, tool)
		}
	}
	p := startProcess(t)
	if err := os.WriteFile(filepath.Join(p.dir, "welcome.yaml"), []byte(block(t, "yaml", 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	sh := newShell(t, p.dir)
	commands := 0
	for _, step := range strings.Split(block(t, "console", 0), "\n$ ") {
		input, want, _ := strings.Cut(strings.TrimPrefix(step, "$ "), "\n")
		input = strings.NewReplacer("127.0.0.1:8080", p.addr, "the-token-that-make-run-printed", siteToken).Replace(input)
		if strings.Contains(input, "/dev/inbox") {
			p.code(demoEmail, 1) // a person reads the mail when it is there
		}
		got := sh.run(input)
		commands++
		want, kill, _ := strings.Cut(want, "\n# Kill the server here")
		if want = strings.TrimSpace(want); !matches(got, want) {
			t.Errorf("$ %s\ngot  %s\nwant %s", input, got, want)
		}
		if kill != "" {
			p.restart()
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were run", commands)
	}
}

func matches(got, want string) bool {
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*?") + `$`).MatchString(strings.TrimSpace(got))
}

// shell is a bash that keeps its variables from command to command.
type shell struct {
	t   *testing.T
	in  *os.File
	out *os.File
	buf []byte
}

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, inRead, outWrite, outWrite
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inRead.Close()
	outWrite.Close()
	t.Cleanup(func() { inWrite.Close(); _ = cmd.Wait(); outRead.Close() })
	return &shell{t: t, in: inWrite, out: outRead}
}

const prompt = "-- done --\n"

// run types a command and returns what it printed.
func (s *shell) run(command string) string {
	s.t.Helper()
	if _, err := s.in.WriteString(command + "\nprintf '\\n" + strings.TrimSuffix(prompt, "\n") + "\\n'\n"); err != nil {
		s.t.Fatal(err)
	}
	if err := s.out.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	chunk := make([]byte, 4096)
	for !bytes.HasSuffix(s.buf, []byte(prompt)) {
		n, err := s.out.Read(chunk)
		if err != nil {
			s.t.Fatalf("$ %s: %v\n%s", command, err, s.buf)
		}
		s.buf = append(s.buf, chunk[:n]...)
	}
	got := strings.TrimSuffix(string(s.buf), prompt)
	s.buf = s.buf[:0]
	return strings.TrimSuffix(got, "\n")
}
