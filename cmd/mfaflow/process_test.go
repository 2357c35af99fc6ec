package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/engine"
)

// cycles is how often the kill loops kill: 50 in CI, 500 in make long.
var cycles = flag.Int("cycles", 50, "kill -9 cycles")

// TestMain lets this test binary be the command itself, or a server to measure, so that
// tests can kill it and benchmarks can read its CPU time apart from their own.
func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var code int
	switch os.Getenv("MFAFLOW_TEST_MAIN") {
	case "":
		code = m.Run()
	case "command":
		code = execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	default:
		code = benchMain(ctx, os.Getenv("MFAFLOW_TEST_MAIN"), os.Args[1:])
	}
	stop()
	os.Exit(code)
}

// command prepares a run of the command.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MFAFLOW_TEST_MAIN=command", "MFAFLOW_TOKEN="+siteToken)
	return cmd
}

// process is a running `mfaflow dev` with its data in dir.
type process struct {
	t    *testing.T
	dir  string
	addr string // the same over restarts
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func startProcess(t *testing.T) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), addr: freeAddr(t)}
	p.start()
	t.Cleanup(p.kill)
	return p
}

// start begins the process and waits for the line that it prints once it listens.
func (p *process) start() {
	p.t.Helper()
	p.cmd = command(p.t, p.dir, "dev", "--listen", p.addr, "--data", "data")
	p.out = &bytes.Buffer{}
	p.cmd.Stderr = p.out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		p.t.Fatalf("the server did not start: %v %s", err, p.out)
	}
	if want := "http://" + p.addr; !strings.Contains(line, want) {
		p.t.Fatalf("first line %q lacks %s", line, want)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

func (p *process) restart() {
	p.t.Helper()
	p.kill()
	p.start()
}

// request makes one request. An error means that no answer came.
func (p *process) request(method, path string, body any, header ...string) (int, []byte, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, "http://"+p.addr+path, r)
	if err != nil {
		return 0, nil, err
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// execution makes a request about an execution and decodes the answer.
func (p *process) execution(method, path string, body any, header ...string) (engine.Execution, error) {
	status, b, err := p.request(method, path, body, header...)
	if err != nil {
		return engine.Execution{}, err
	}
	var e engine.Execution
	if status >= 300 {
		return e, fmt.Errorf("%s %s: %d %s", method, path, status, b)
	}
	return e, json.Unmarshal(b, &e)
}

// code waits for the newest mail; a delivery cut short by a kill is made after it.
func (p *process) code(to string, count int) string {
	p.t.Helper()
	for ctx := p.t.Context(); ; {
		_, b, err := p.request("GET", "/dev/inbox?to="+to, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		var list []struct{ Code string }
		if err := json.Unmarshal(b, &list); err != nil {
			p.t.Fatalf("%v: %s", err, b)
		}
		if len(list) > count {
			p.t.Fatalf("%d mails, want %d", len(list), count)
		}
		if len(list) == count {
			return list[0].Code
		}
		if ctx.Err() != nil {
			p.t.Fatal(ctx.Err())
		}
	}
}

// TestX1CrashAnywhere: the process is killed after every answer of T4.1. The user goes
// on, and no more is sent than was asked for.
func TestX1CrashAnywhere(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	e, err := p.execution("POST", "/v1/flows/sign-on-and-mfa/executions", map[string]any{"inputs": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	id, handle := e.ID, e.Handle
	for _, answer := range []func() (action string, form map[string]any){
		func() (string, map[string]any) { return "submit", credentials(demoUser, demoPassword) },
		func() (string, map[string]any) { return "submit", code(wrong(p.code(demoEmail, 1))) },
		func() (string, map[string]any) { return "resend", nil },
		func() (string, map[string]any) { return "submit", code(p.code(demoEmail, 2)) },
	} {
		p.restart()
		again, err := p.execution("GET", "/v1/executions/"+id, nil, "Execution-Handle", handle)
		if err != nil || again.Step == nil || again.Step.Token != e.Step.Token {
			t.Fatalf("after the restart: %v %+v", err, again)
		}
		action, form := answer()
		body := map[string]any{"token": e.Step.Token, "action": action}
		if form != nil {
			body["form"] = form
		}
		if e, err = p.execution("POST", "/v1/executions/"+id, body, "Execution-Handle", handle); err != nil {
			t.Fatal(err)
		}
		if e.Handle != "" {
			handle = e.Handle
		}
	}
	if e.Status != engine.Completed || e.Result == nil {
		t.Fatalf("ended %+v", e)
	}
	p.restart()
	if e, err = p.execution("GET", "/v1/executions/"+id, nil, "Execution-Handle", handle); err != nil || e.Status != engine.Completed {
		t.Errorf("after the last restart: %v %+v", err, e)
	}
	p.code(demoEmail, 2)
}

// countFlow counts its answers, so that a lost or doubled step shows as a wrong number.
const countFlow = `schema: flow/v1
id: count
title: Count
public: true
start: zero
timeout: 2h
nodes:
  zero:
    set: { n: 0 }
    next: [{ then: ask }]
  ask:
    show: count
    with: { n: =vars.n }
    next: { submit: add, cancel: canceled }
  add:
    set: { n: =vars.n + 1 }
    next: [{ then: ask }]
  canceled: { end: canceled }
screens:
  count:
    title: Count
    with: { n: { type: integer } }
    form: { type: object, properties: { word: { type: string } } }
    actions: { submit: { title: Add }, cancel: { title: Cancel, form: false } }
`

// counter answers countFlow and knows what every answer must say.
type counter struct {
	p      *process
	id     string
	handle string
	token  string
	n      int // acknowledged
	steps  int
}

// step makes one answer, repeating it until it is acknowledged.
func (c *counter) step(stop func() bool) error {
	if c.id == "" {
		e, err := c.p.execution("POST", "/v1/flows/count/executions", map[string]any{})
		if err != nil {
			return nil // not acknowledged: begin another
		}
		c.id, c.handle, c.token, c.n = e.ID, e.Handle, e.Step.Token, 0
	}
	for !stop() {
		status, b, err := c.p.request("POST", "/v1/executions/"+c.id,
			map[string]any{"token": c.token, "action": "submit", "form": map[string]any{}}, "Execution-Handle", c.handle)
		if err != nil {
			continue // no answer: the process was killed
		}
		var e engine.Execution
		if err := json.Unmarshal(b, &e); err != nil || status != http.StatusOK {
			return fmt.Errorf("execution %s after %d steps: %d %v %s", c.id, c.n, status, err, b)
		}
		if got := e.Step.With["n"]; got != float64(c.n+1) {
			return fmt.Errorf("execution %s: step %d answered with n = %v", c.id, c.n+1, got)
		}
		c.n, c.token = c.n+1, e.Step.Token
		c.steps++
		if c.n == 20 {
			c.id = ""
		}
		return nil
	}
	return nil
}

// TestKill kills the server at random points under load: no answered step is lost, none
// is applied twice, and it always starts again.
func TestKill(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	status, b, err := p.request("PUT", "/v1/flows/count", countFlow,
		"Content-Type", "application/yaml", "Authorization", "Bearer "+siteToken)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("upload: %d %v %s", status, err, b)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	done := make(chan struct{})
	stopped := func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	var wg sync.WaitGroup
	counters := make([]*counter, 8)
	for i := range counters {
		counters[i] = &counter{p: p}
		wg.Go(func() {
			for !stopped() {
				if err := counters[i].step(stopped); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range *cycles {
		timer := time.NewTimer(time.Duration(5+random.IntN(60)) * time.Millisecond)
		<-timer.C
		p.restart()
	}
	close(done)
	wg.Wait()
	total := 0
	for _, c := range counters {
		total += c.steps
	}
	t.Logf("%d kills, %d acknowledged steps, 0 lost, 0 applied twice", *cycles, total)
	if total < *cycles {
		t.Errorf("only %d steps between %d kills: this proves nothing", total, *cycles)
	}
}
