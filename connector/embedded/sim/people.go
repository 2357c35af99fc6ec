package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// AddUser makes a user: password, email (default name@example.com), phone, name,
// mfaEnabled (default true if there is a device), enabled (default true), unordered,
// devices. What the service refuses is an error with the service's own words.
func (w *World) AddUser(ctx context.Context, name string, user map[string]any) error {
	devices, _ := user["devices"].([]any)
	body := map[string]any{"username": name, "email": name + "@example.com", "mfaEnabled": len(devices) > 0}
	for from, to := range map[string]string{"email": "email", "phone": "mobilePhone", "name": "name", "mfaEnabled": "mfaEnabled", "enabled": "enabled"} {
		if v, ok := user[from]; ok {
			body[to] = v
		}
	}
	if p, ok := user["password"]; ok {
		body["password"] = map[string]any{"value": p}
	}
	made, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users"}, MediaType: pingone.MediaType("user.import"), Body: body})
	if err != nil {
		return err
	}
	id, _ := made["id"].(string)
	for i, d := range devices {
		device, _ := d.(map[string]any)
		if err := w.addDevice(ctx, id, device); err != nil {
			return fmt.Errorf("device %d: %w", i+1, err)
		}
	}
	if user["unordered"] == true {
		_, err = w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", id, "devices"}, MediaType: pingone.MediaType("devices.order.remove")})
	}
	return err
}

// addDevice pairs a device, ACTIVE unless it says otherwise, and locks or blocks it.
func (w *World) addDevice(ctx context.Context, user string, device map[string]any) error {
	body := map[string]any{"status": "ACTIVE"}
	for _, name := range []string{"type", "email", "phone", "nickname", "status"} {
		if v, ok := device[name]; ok {
			body[name] = v
		}
	}
	wanted := body["status"]
	if device["type"] == "TOTP" {
		body["status"] = "ACTIVATION_REQUIRED" // the only state that shows the secret
	}
	made, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", user, "devices"}, Body: body})
	if err != nil {
		return err
	}
	id, _ := made["id"].(string)
	if device["type"] == "TOTP" {
		if err := w.pairApp(ctx, user, id, made, wanted); err != nil {
			return fmt.Errorf("pair the app: %w", err)
		}
	}
	if device["locked"] == true {
		if err := w.lock(ctx, user, id); err != nil {
			return fmt.Errorf("lock it: %w", err)
		}
	}
	if device["blocked"] == true {
		_, err = w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", user, "devices", id}, MediaType: pingone.MediaType("device.block")})
	}
	return err
}

// pairApp scans the new account and activates the device, with the code of the step
// before, so that the one of now is still good.
func (w *World) pairApp(ctx context.Context, user, device string, made map[string]any, status any) error {
	uri, _ := made["keyUri"].(string)
	if err := w.Scan(uri); err != nil {
		return err
	}
	if status != "ACTIVE" {
		return nil
	}
	app := w.app[0]
	_, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", user, "devices", device},
		MediaType: pingone.MediaType("device.activate"), Body: map[string]any{"otp": app.code(w.Now().Add(-app.period))}})
	return err
}

// maxGuesses ends the guessing of a policy that never locks.
const maxGuesses = 20

// lock locks a device as a person does: by wrong codes.
func (w *World) lock(ctx context.Context, user, device string) error {
	made, err := w.ask(ctx, pingone.Request{Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications"},
		Body: map[string]any{"user": map[string]any{"id": user}, "selectedDevice": map[string]any{"id": device}}})
	if err != nil {
		return err
	}
	id, _ := made["id"].(string)
	right := ""
	if list, err := w.Messages(ctx); err != nil {
		return err
	} else if len(list) > 0 {
		newest, _ := list[0].(map[string]any)
		right, _ = newest["code"].(string)
	}
	guess := "000000"
	if guess == right {
		guess = "000001"
	}
	for range maxGuesses {
		_, err := w.ask(ctx, pingone.Request{Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications", id},
			MediaType: pingone.MediaType("otp.check"), Body: map[string]any{"otp": guess}})
		var no *refused
		if !errors.As(err, &no) {
			return fmt.Errorf("a wrong code was taken: %w", orUnlocked(err))
		}
		if no.code != "INVALID_OTP" {
			return w.isLocked(ctx, user, device)
		}
	}
	return errors.New("the policy locks no device")
}

func orUnlocked(err error) error {
	if err == nil {
		return errors.New("the service accepted it")
	}
	return err
}

func (w *World) isLocked(ctx context.Context, user, device string) error {
	d, err := w.ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"users", user, "devices", device}})
	if err != nil {
		return err
	}
	if lock, _ := d["lock"].(map[string]any); lock["status"] != "LOCKED" {
		return errors.New("the policy locks no device: its cool-down is 0")
	}
	return nil
}

// Users are all users by user name.
func (w *World) Users(ctx context.Context) (map[string]any, error) {
	users := map[string]any{}
	q := url.Values{}
	for {
		page, err := w.ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"users"}, Query: q})
		if err != nil {
			return nil, err
		}
		for _, u := range members(page, "users") {
			m, _ := u.(map[string]any)
			name, _ := m["username"].(string)
			users[name] = m
		}
		next := nextCursor(page)
		if next == "" {
			return users, nil
		}
		q = url.Values{"cursor": {next}}
	}
}

func nextCursor(page map[string]any) string {
	links, _ := page["_links"].(map[string]any)
	next, _ := links["next"].(map[string]any)
	href, _ := next["href"].(string)
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	return u.Query().Get("cursor")
}

// Devices are the devices of all users by user name, in the user's order; those that are
// not in it come last.
func (w *World) Devices(ctx context.Context) (map[string]any, error) {
	users, err := w.Users(ctx)
	if err != nil {
		return nil, err
	}
	devices := map[string]any{}
	for name, u := range users {
		m, _ := u.(map[string]any)
		id, _ := m["id"].(string)
		list, err := w.ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"users", id, "devices"}, Query: url.Values{"expand": {"order"}}})
		if err != nil {
			return nil, err
		}
		devices[name] = ordered(members(list, "devices"), members(list, "order"))
	}
	return devices, nil
}

func ordered(devices, order []any) []any {
	out := make([]any, 0, len(devices))
	seen := map[any]bool{}
	take := func(id any) {
		for _, d := range devices {
			if m, _ := d.(map[string]any); m["id"] == id && !seen[id] {
				seen[id], out = true, append(out, d)
			}
		}
	}
	for _, o := range order {
		ref, _ := o.(map[string]any)
		take(ref["id"])
	}
	for _, d := range devices {
		m, _ := d.(map[string]any)
		take(m["id"])
	}
	return out
}

func members(page map[string]any, name string) []any {
	embedded, _ := page["_embedded"].(map[string]any)
	list, _ := embedded[name].([]any)
	return list
}

// refused is an answer of the service that is no success.
type refused struct {
	status     int
	code, text string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.text) }

// ask makes a request and decodes the answer; a refusal is an error.
func (w *World) ask(ctx context.Context, q pingone.Request) (map[string]any, error) {
	resp, err := w.service.Do(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w", q.Method, q.Path, err)
	}
	var body map[string]any
	if len(resp.Body) > 0 {
		if err := json.Unmarshal(resp.Body, &body); err != nil {
			return nil, fmt.Errorf("%s %v: %w", q.Method, q.Path, err)
		}
	}
	if resp.Status < http.StatusMultipleChoices {
		return body, nil
	}
	no := &refused{status: resp.Status}
	no.code, _ = body["code"].(string)
	no.text, _ = body["message"].(string)
	if details, _ := body["details"].([]any); len(details) > 0 {
		first, _ := details[0].(map[string]any)
		no.code, _ = first["code"].(string)
		no.text, _ = first["message"].(string)
	}
	return nil, no
}
