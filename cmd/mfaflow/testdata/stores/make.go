// Command make runs a built mfaflow, uses it as people do, and keeps the store that it
// leaves: what a later version must open. README.md says how to call it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

const (
	key         = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	token       = "test-management-token"
	environment = "11111111-2222-4333-8444-555555555555"
	listen      = "127.0.0.1:18411"
	password    = "correct horse 9"

	worker       = "maker"
	workerSecret = "maker-of-an-older-store"
)

// made is what a test must know of the store.
type made struct {
	At       time.Time         `json:"at"` // of the last request
	Key      string            `json:"key"`
	Users    map[string]string `json:"users"`    // user name → id
	Waiting  map[string]opened `json:"waiting"`  // flow → an execution in its middle
	Deployed map[string]string `json:"deployed"` // flow → revision
}

type opened struct {
	ID       string `json:"id"`
	Handle   string `json:"handle"`
	Revision string `json:"revision"`
	Screen   string `json:"screen"`
}

func main() {
	binary := flag.String("binary", "", "the mfaflow that makes the store")
	into := flag.String("into", "", "folder for store.db and made.json")
	flag.Parse()
	if err := run(*binary, *into); err != nil {
		log.Fatal(err)
	}
}

func run(binary, into string) error {
	data, err := os.MkdirTemp("", "store")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	stop, err := serve(binary, data)
	if err != nil {
		return err
	}
	m, err := use(into)
	// The sealer chains what is two minutes old, once a minute.
	if err == nil {
		time.Sleep(190 * time.Second)
		m.Waiting["sign-on-and-mfa"], err = signOn("tina")
		m.At = time.Now().UTC().Truncate(time.Second)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	if err := compact(filepath.Join(data, "mfaflow.db"), filepath.Join(into, "store.db")); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(into, "made.json"), append(b, '\n'), 0o644)
}

// serve starts the binary. Its mail goes to a port where nobody answers, so that rows
// stay in the outbox.
func serve(binary, data string) (stop func() error, err error) {
	cmd := exec.Command(binary, "serve", "--listen", listen, "--data", data)
	cmd.Env = append(os.Environ(), "MFAFLOW_KEY="+key, "MFAFLOW_TOKEN="+token, "MFAFLOW_ENVIRONMENT="+environment,
		"MFAFLOW_WORKER_ID="+worker, "MFAFLOW_WORKER_SECRET="+workerSecret,
		"MFAFLOW_SMTP_URL=smtp://127.0.0.1:1?from=mfaflow@example.com&tls=none")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		if _, err := call("GET", "/readyz", nil, http.StatusOK); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), cmd.Process.Kill(), cmd.Wait())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return func() error { return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }, nil
}

// use does what people do with a server.
func use(into string) (made, error) {
	m := made{Key: key, Users: map[string]string{}, Waiting: map[string]opened{}, Deployed: map[string]string{}}
	for _, name := range []string{"ben", "tina"} {
		id, err := user(name)
		if err != nil {
			return m, err
		}
		m.Users[name] = id
	}
	if err := upload(into); err != nil {
		return m, err
	}
	for flow, inputs := range map[string]map[string]any{
		"z-caller": {}, "pinned": {}, "show-devices": {"userId": m.Users["ben"]}, "takeover": {"userId": m.Users["ben"]}, "end-denied": {}, "network": {},
	} {
		e, err := start(flow, inputs)
		if err != nil {
			return m, err
		}
		m.Waiting[flow] = e
	}
	newer := strings.Replace(pinned, "title: Pinned", "title: Pinned, newer", 1)
	if _, err := call("PUT", "/v1/flows/pinned", newer, http.StatusCreated); err != nil {
		return m, err
	}
	var err error
	if m.Waiting["mfa"], err = signOn("ben"); err != nil {
		return m, err
	}
	if m.Deployed, err = readDeployment(); err != nil {
		return m, err
	}
	return m, nil
}

// workerToken asks for a token of the PingOne API (RFC 6749, 4.4).
func workerToken() (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {worker}, "client_secret": {workerSecret}}
	resp, err := http.PostForm("http://"+listen+"/"+environment+"/as/token", form)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var t struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&t); err != nil {
		return "", err
	}
	return "Bearer " + t.Token, nil
}

func user(name string) (string, error) {
	access, err := workerToken()
	if err != nil {
		return "", err
	}
	api := "/v1/environments/" + environment + "/users"
	b, err := call("POST", api, map[string]any{
		"username": name, "email": name + "@example.com", "password": map[string]any{"value": password}, "mfaEnabled": true,
	}, http.StatusCreated, "Content-Type", "application/vnd.pingidentity.user.import+json", "Authorization", access)
	if err != nil {
		return "", err
	}
	var u struct{ ID string }
	if err := json.Unmarshal(b, &u); err != nil {
		return "", err
	}
	_, err = call("POST", api+"/"+u.ID+"/devices",
		map[string]any{"type": "EMAIL", "email": name + "@example.com", "status": "ACTIVE"}, http.StatusCreated, "Authorization", access)
	return u.ID, err
}

// upload puts the flows beside this file, and a template that its owner has edited.
func upload(into string) error {
	files, err := filepath.Glob(filepath.Join(into, "flows", "*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		id := strings.TrimSuffix(filepath.Base(name), ".yaml")
		if _, err := call("PUT", "/v1/flows/"+id, string(src), http.StatusCreated); err != nil {
			return err
		}
	}
	if _, err := call("PUT", "/v1/flows/pinned", pinned, http.StatusCreated); err != nil {
		return err
	}
	src, err := call("GET", "/v1/flows/"+edited, nil, http.StatusOK)
	if err != nil {
		return err
	}
	_, err = call("PUT", "/v1/flows/"+edited, string(src)+"# ours\n", http.StatusCreated)
	return err
}

const edited = "sign-on-and-adaptive-mfa"

const pinned = `schema: flow/v1
id: pinned
title: Pinned
public: true
start: ask
timeout: 2h
nodes:
  ask: { show: message, next: { continue: done } }
  done: { end: success }
`

func start(flow string, inputs map[string]any) (opened, error) {
	b, err := call("POST", "/v1/flows/"+flow+"/executions", map[string]any{"inputs": inputs}, http.StatusCreated)
	return read(b, opened{}, err)
}

// signOn answers the first screen of a sign-on and leaves it waiting for the code.
func signOn(name string) (opened, error) {
	b, err := call("POST", "/v1/flows/sign-on-and-mfa/executions", map[string]any{"inputs": map[string]any{}}, http.StatusCreated)
	e, err := read(b, opened{}, err)
	if err != nil {
		return e, err
	}
	var step struct{ Step struct{ Token string } }
	if err := json.Unmarshal(b, &step); err != nil {
		return e, err
	}
	b, err = call("POST", "/v1/executions/"+e.ID, map[string]any{"token": step.Step.Token, "action": "submit",
		"form": map[string]any{"username": name, "password": password}}, http.StatusOK, "Execution-Handle", e.Handle)
	return read(b, e, err)
}

func read(b []byte, e opened, err error) (opened, error) {
	if err != nil {
		return e, err
	}
	var x struct {
		ID, Handle, Revision string
		Step                 struct{ Screen string }
	}
	if err := json.Unmarshal(b, &x); err != nil {
		return e, err
	}
	if x.Handle == "" {
		x.Handle = e.Handle
	}
	return opened{x.ID, x.Handle, x.Revision, x.Step.Screen}, nil
}

func readDeployment() (map[string]string, error) {
	b, err := call("GET", "/v1/flows", nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var list struct {
		Flows []struct{ ID, Revision string }
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range list.Flows {
		out[f.ID] = f.Revision
	}
	return out, nil
}

func call(method, path string, body any, want int, header ...string) ([]byte, error) {
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r, kind = strings.NewReader(b), "application/yaml"
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, "http://"+listen+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, want, b)
	}
	return b, err
}

// compact copies a bbolt file without its free pages.
func compact(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	src, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	dst, err := bbolt.Open(to, 0o644, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(dst, src, 1<<20), dst.Close(), src.Close())
}
