package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// AddUser makes a user: password, email (default name@example.com), phone, name,
// mfaEnabled (default true if there is a device), enabled (default true), forceChange, unordered,
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
		body["password"] = map[string]any{"value": p, "forceChange": user["forceChange"] == true}
	}
	made, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users"}, MediaType: pingone.MediaType("user.import"), Body: body})
	if err != nil {
		return err
	}
	id, _ := made["id"].(string)
	for i, d := range devices {
		device, _ := d.(map[string]any)
		if err := w.addDevice(ctx, person{id: id, name: name}, device); err != nil {
			return fmt.Errorf("device %d: %w", i+1, err)
		}
	}
	if user["unordered"] == true {
		_, err = w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", id, "devices"}, MediaType: pingone.MediaType("devices.order.remove")})
	}
	return err
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

// Code is PingOne's.
func (r *refused) Code() string { return r.code }

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
