package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// The benchmark drives a server in a process of its own, over loopback HTTP in a closed
// loop, and reads that process's CPU time and memory. Two servers take turns in one run:
//
//	flows  sign-on-and-mfa: password, e-mailed code, three requests a flow
//	bare   a handler that decodes JSON, commits as many records of as many bytes and
//	       answers as much: the ceiling
//
// Passwords are hashed at the lowest cost: argon2id as shipped costs 25 to 130 ms, which
// would be all that one saw.

// benchMain serves one of the two until ctx is done. Arguments: data folder, and the
// address that gets the codes.
func benchMain(ctx context.Context, mode string, args []string) int {
	if name := os.Getenv("MFAFLOW_PROFILE"); name != "" { // a file for each of the two: NAME.flows, NAME.bare
		f, err := os.Create(name + "." + mode)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitProblems
		}
		defer pprof.StopCPUProfile()
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(l.Addr())
		if mode == "bare" {
			err = serveBare(ctx, l, args[0])
		} else {
			err = serveFlows(ctx, l, args[0], args[1])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitProblems
	}
	return exitFine
}

func serveFlows(ctx context.Context, l net.Listener, dir, sink string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a, err := openApp(ctx, &config{
		data: dir, dev: true, token: siteToken, environment: siteEnv, key: siteKey, hashCost: cheap,
		url: "http://" + l.Addr().String(),
		send: func(ctx context.Context, m outbox.Message) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, sink, strings.NewReader(m.To+" "+m.Code))
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer a.close()
	return a.serve(ctx, l)
}

// The bare handler's work for one request, as measured of a step of sign-on-and-mfa.
const (
	bareRecords = 3
	bareBytes   = 1300 // each
	bareAnswer  = 1200
)

func serveBare(ctx context.Context, l net.Listener, dir string) error {
	file, err := bolt.Open(filepath.Join(dir, "bare.db"))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, file, store.Options{Key: bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		return err
	}
	defer db.Close()
	answer, value := bytes.Repeat([]byte("a"), bareAnswer), bytes.Repeat([]byte("v"), bareBytes)
	hs := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		err := db.Update(r.Context(), func(_ context.Context, tx *store.Tx) error {
			for range bareRecords {
				tx.Put(store.K("bare", tx.NewID()), value)
			}
			return nil
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(answer)
	})}
	go func() { <-ctx.Done(); _ = hs.Close() }()
	if err := hs.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// target is a server process under measurement.
type target struct {
	b    *testing.B
	url  string
	cmd  *exec.Cmd
	post *http.Client

	mu    sync.Mutex
	codes map[string]chan string // by address
}

func newTarget(b *testing.B, mode string) *target {
	b.Helper()
	t := &target{b: b, codes: map[string]chan string{}, post: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		to, code, _ := strings.Cut(string(body), " ")
		t.code(to) <- code
	}))
	b.Cleanup(sink.Close)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	t.cmd = exec.Command(self, b.TempDir(), sink.URL)
	t.cmd.Env = append(os.Environ(), "MFAFLOW_TEST_MAIN="+mode)
	t.cmd.Stderr = os.Stderr
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := t.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		t.post.CloseIdleConnections()
		_ = t.cmd.Process.Signal(os.Interrupt)
		_ = t.cmd.Wait()
	})
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		b.Fatal(err)
	}
	t.url = "http://" + addr
	return t
}

func (t *target) code(to string) chan string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.codes[to] == nil {
		t.codes[to] = make(chan string, 4)
	}
	return t.codes[to]
}

// do posts JSON and decodes the answer into v, unless v is nil.
func (t *target) do(path string, body, v any, header ...string) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, t.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := t.post.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: %d %s", path, resp.StatusCode, answer)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(answer, v)
}

// signOn is one flow: three requests, one mail.
func (t *target) signOn(user int) error {
	name := "user" + strconv.Itoa(user)
	var e engine.Execution
	if err := t.do("/v1/flows/sign-on-and-mfa/executions", map[string]any{"inputs": map[string]any{}}, &e); err != nil {
		return err
	}
	id, handle := e.ID, e.Handle
	answer := func(form map[string]any) error {
		body := map[string]any{"token": e.Step.Token, "action": "submit", "form": form}
		e = engine.Execution{}
		err := t.do("/v1/executions/"+id, body, &e, "Execution-Handle", handle)
		if e.Handle != "" {
			handle = e.Handle
		}
		return err
	}
	if err := answer(credentials(name, benPassword)); err != nil {
		return err
	}
	if err := answer(code(<-t.code(name + "@example.com"))); err != nil {
		return err
	}
	if e.Status != engine.Completed {
		return fmt.Errorf("%s ended %s", name, e.Status)
	}
	return nil
}

// bareFlow is as many requests of the same size to the bare handler.
func (t *target) bareFlow(int) error {
	for range 3 {
		if err := t.do("/", map[string]any{"token": strings.Repeat("t", 54), "action": "submit"}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) seed(users int) {
	t.b.Helper()
	api := "/v1/environments/" + siteEnv + "/users"
	for i := range users {
		name := "user" + strconv.Itoa(i)
		var user struct{ ID string }
		err := t.do(api, map[string]any{"username": name, "email": name + "@example.com", "mfaEnabled": true,
			"password": map[string]any{"value": benPassword}}, &user,
			"Authorization", "Bearer "+siteToken, "Content-Type", "application/vnd.pingidentity.user.import+json")
		if err == nil {
			err = t.do(api+"/"+user.ID+"/devices", map[string]any{"type": "EMAIL", "email": name + "@example.com"}, nil,
				"Authorization", "Bearer "+siteToken)
		}
		if err != nil {
			t.b.Fatal(err)
		}
	}
}

// BenchmarkSignOn prints, for each number of clients, flows a second, latency of a whole
// flow, the server's CPU, commits a step, memory, and the ratio to the bare handler.
func BenchmarkSignOn(b *testing.B) {
	flows, bare := newTarget(b, "flows"), newTarget(b, "bare")
	const clients = 64
	flows.seed(clients)
	for _, c := range []int{1, 8, clients} {
		b.Run(fmt.Sprintf("clients=%d", c), func(b *testing.B) {
			ceiling := measure(b, bare, c, bare.bareFlow)
			got := measure(b, flows, c, flows.signOn)
			b.ReportMetric(0, "ns/op") // one flow's share of the wall clock says nothing
			b.ReportMetric(got.rate, "flows/s")
			b.ReportMetric(got.p50, "p50-ms")
			b.ReportMetric(got.p99, "p99-ms")
			b.ReportMetric(got.cpu, "cpu-s/1k")
			b.ReportMetric(got.commits, "commits/step")
			b.ReportMetric(got.rss, "rss-MB")
			b.ReportMetric(got.rate/ceiling.rate, "of-bare")
		})
	}
}

type figures struct{ rate, p50, p99, cpu, commits, rss float64 }

// measure runs b.N flows over c clients.
func measure(b *testing.B, t *target, c int, flow func(user int) error) figures {
	b.Helper()
	n := max(b.N, c)
	latency := make([]time.Duration, n)
	cpu, commits, start := t.cpu(), t.commits(), time.Now()
	var wg sync.WaitGroup
	for user := range c {
		wg.Go(func() {
			for i := user; i < n; i += c {
				began := time.Now()
				if err := flow(user); err != nil {
					b.Error(err)
					return
				}
				latency[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	slices.Sort(latency)
	ms := func(q float64) float64 { return float64(latency[int(q*float64(n-1))].Microseconds()) / 1000 }
	return figures{
		rate: float64(n) / took.Seconds(), p50: ms(0.5), p99: ms(0.99), cpu: (t.cpu() - cpu) * 1000 / float64(n),
		commits: (t.commits() - commits) / float64(3*n), rss: t.rss(),
	}
}

// cpu is the seconds of CPU that the server has used.
func (t *target) cpu() float64 {
	fields := strings.Fields(t.proc("stat"))
	user, _ := strconv.ParseFloat(fields[13], 64)
	system, _ := strconv.ParseFloat(fields[14], 64)
	return (user + system) / 100 // USER_HZ is 100 on Linux
}

// rss is the server's own memory in MB, without the mapped store.
func (t *target) rss() float64 {
	_, after, _ := strings.Cut(t.proc("status"), "RssAnon:")
	kb, _ := strconv.ParseFloat(strings.Fields(after)[0], 64)
	return kb / 1024
}

func (t *target) proc(name string) string {
	t.b.Helper()
	if runtime.GOOS != "linux" {
		t.b.Fatal("this benchmark reads /proc and needs Linux")
	}
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", t.cmd.Process.Pid, name))
	if err != nil {
		t.b.Fatal(err)
	}
	return string(body)
}

// commits is the server's count of commits that requests made, deliveries and timers
// apart; 0 for the bare handler.
func (t *target) commits() float64 {
	req, err := http.NewRequest(http.MethodGet, t.url+"/metrics", nil)
	if err != nil {
		t.b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+siteToken)
	resp, err := t.post.Do(req)
	if err != nil {
		t.b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.b.Fatal(err)
	}
	return gauge(string(body), "mfaflow_store_commits") - gauge(string(body), "mfaflow_store_behind")
}

func gauge(metrics, name string) float64 {
	for line := range strings.Lines(metrics) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return n
		}
	}
	return 0
}
