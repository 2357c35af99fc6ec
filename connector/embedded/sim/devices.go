package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

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
