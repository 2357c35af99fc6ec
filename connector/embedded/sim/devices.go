package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// person is a user by both names.
type person struct{ id, name string }

// addDevice pairs a device, ACTIVE unless it says otherwise, and locks or blocks it.
func (w *World) addDevice(ctx context.Context, p person, device map[string]any) error {
	pair := w.pair
	if device["type"] == "MOBILE" {
		pair = w.pairMobile
	}
	id, err := pair(ctx, p, device)
	if err != nil {
		return err
	}
	if device["locked"] == true {
		if err := w.lock(ctx, p.id, id); err != nil {
			return fmt.Errorf("lock it: %w", err)
		}
	}
	if device["blocked"] == true {
		_, err = w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", p.id, "devices", id}, MediaType: pingone.MediaType("device.block")})
	}
	return err
}

// pair makes a device and returns its id.
func (w *World) pair(ctx context.Context, p person, device map[string]any) (id string, err error) {
	body := map[string]any{"status": "ACTIVE"}
	for _, name := range []string{"type", "email", "phone", "nickname", "status"} {
		if v, ok := device[name]; ok {
			body[name] = v
		}
	}
	wanted := body["status"]
	if device["type"] == "TOTP" || device["type"] == "FIDO2" {
		body["status"] = "ACTIVATION_REQUIRED" // the only state that shows secret or options
	}
	made, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", p.id, "devices"}, Body: body})
	if err != nil {
		return "", err
	}
	id, _ = made["id"].(string)
	if device["type"] == "TOTP" {
		if err := w.pairApp(ctx, p.id, id, made, wanted); err != nil {
			return "", fmt.Errorf("pair the app: %w", err)
		}
	}
	if device["type"] == "FIDO2" && wanted == "ACTIVE" {
		if err := w.pairKey(ctx, p, id, device["key"], made); err != nil {
			return "", fmt.Errorf("pair the authenticator: %w", err)
		}
	}
	return id, nil
}

// pairKey makes a passkey and activates the device with it. The authenticator has the
// user's name unless the device says one.
func (w *World) pairKey(ctx context.Context, p person, id string, key any, made map[string]any) error {
	name, ok := key.(string)
	if !ok {
		name = p.name
	}
	options, _ := made["publicKeyCredentialCreationOptions"].(string)
	attestation, err := w.CreatePasskey(name, baseURL, options, true, false)
	if err != nil {
		return err
	}
	_, err = w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", p.id, "devices", id},
		MediaType: pingone.MediaType("device.activate"), Body: map[string]any{"origin": baseURL, "attestation": attestation}})
	return err
}

// pairMobile lets a phone claim a key; it has the user's name unless the device says one.
func (w *World) pairMobile(ctx context.Context, p person, device map[string]any) (id string, err error) {
	if status := device["status"]; status != nil && status != "ACTIVE" {
		return "", errors.New("a phone that is paired is ACTIVE")
	}
	made, err := w.ask(ctx, pingone.Request{Method: http.MethodPost, Path: pingone.Path{"users", p.id, "pairingKeys"}, Body: map[string]any{}})
	if err != nil {
		return "", err
	}
	code, _ := made["code"].(string)
	name, ok := device["phone"].(string)
	if !ok {
		name = p.name
	}
	if err := w.PairPhone(ctx, name, code); err != nil {
		return "", fmt.Errorf("pair the phone: %w", err)
	}
	id = w.phones[0].Device()
	if nickname, ok := device["nickname"]; ok {
		_, err = w.ask(ctx, pingone.Request{Method: http.MethodPut, Path: pingone.Path{"users", p.id, "devices", id, "nickname"},
			Body: map[string]any{"nickname": nickname}})
	}
	return id, err
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
