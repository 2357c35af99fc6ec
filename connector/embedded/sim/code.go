package sim

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// ReadCode lets the app on the phone of that name, or on the one paired last, look at an
// authentication code or claim it, and returns what it shows.
func (w *World) ReadCode(ctx context.Context, name, code string, claim bool) (map[string]any, error) {
	h, err := w.handset(name)
	if err != nil {
		return nil, err
	}
	if claim {
		return h.claim(ctx, code)
	}
	return h.read(ctx, "authenticationCodes/look", code)
}

// AnswerCode approves or denies a code, after the phone has claimed it.
func (w *World) AnswerCode(ctx context.Context, name, code, decision string) error {
	h, err := w.handset(name)
	if err != nil {
		return err
	}
	id := h.claimed[short(code)]
	if id == "" {
		if _, err := h.claim(ctx, code); err != nil {
			return err
		}
		id = h.claimed[short(code)]
	}
	body := map[string]any{"decision": strings.ToUpper(decision)}
	return refusedBy(h.Do(ctx, http.MethodPost, "authenticationCodes/"+id, body, nil))
}

func (h *handset) claim(ctx context.Context, code string) (map[string]any, error) {
	shown, err := h.read(ctx, "authenticationCodes", code)
	if err == nil {
		h.claimed[short(code)], _ = shown["id"].(string)
	}
	return shown, err
}

// read holds a code out: as its URI if it was scanned.
func (h *handset) read(ctx context.Context, path, code string) (map[string]any, error) {
	body := map[string]any{"code": code}
	if strings.Contains(code, "://") {
		body = map[string]any{"uri": code}
	}
	var shown map[string]any
	err := h.Do(ctx, http.MethodPost, path, body, &shown)
	return shown, refusedBy(err)
}

// short is the code in what was scanned, or what was typed.
func short(code string) string {
	if u, err := url.Parse(code); err == nil && u.Query().Has("authentication_code") {
		return u.Query().Get("authentication_code")
	}
	return code
}
