package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// waiting is a push on a phone.
type waiting struct {
	on   *handset
	push map[string]any
}

// Pushes are those that wait on the phones, newest first: what the service tells the app,
// and phone.
func (w *World) Pushes(ctx context.Context) ([]any, error) {
	all, err := w.waiting(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(all))
	for i, q := range all {
		list[i] = q.push
	}
	return list, nil
}

func (w *World) waiting(ctx context.Context) ([]waiting, error) {
	var all []waiting
	for _, h := range w.phones {
		var page map[string]any
		err := refusedBy(h.Do(ctx, http.MethodGet, "pushes", nil, &page))
		if no := new(refused); errors.As(err, &no) {
			continue // it is no device of anybody's any more
		}
		if err != nil {
			return nil, fmt.Errorf("pushes of phone %q: %w", h.name, err)
		}
		for _, item := range slices.Backward(members(page, "pushes")) {
			push, _ := item.(map[string]any)
			push["phone"] = h.name
			all = append(all, waiting{h, push})
		}
	}
	slices.SortStableFunc(all, func(a, b waiting) int {
		return cmp.Compare(fmt.Sprint(b.push["createdAt"]), fmt.Sprint(a.push["createdAt"]))
	})
	return all, nil
}

// AnswerPush answers the newest push that waits on the phone of that name, or on any.
func (w *World) AnswerPush(ctx context.Context, name, decision, number string) error {
	all, err := w.waiting(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(q waiting) bool { return name == "" || q.on.name == name })
	if i < 0 {
		return errors.New("no push waits")
	}
	body := map[string]any{"decision": strings.ToUpper(decision)}
	if number != "" {
		if body["number"], err = strconv.Atoi(number); err != nil {
			return fmt.Errorf("the number of a push: %w", err)
		}
	}
	return refusedBy(all[i].on.Do(ctx, http.MethodPost, fmt.Sprintf("pushes/%v", all[i].push["id"]), body, nil))
}
