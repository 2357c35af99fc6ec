package node

import (
	"context"
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// DeviceList asks for a user's devices.
type DeviceList struct {
	UserID string
	Status string   // "" and ALL: any
	Types  []string // empty: any
}

// Expansions of a device list. PingOne documents the first two; the others are how the
// embedded service gives in one answer what DaVinci shows beside the list (reference
// pingone-mfa-api 2.8).
const (
	expandDocumented = "order,typeDisplayNames"
	expandEmbedded   = expandDocumented + ",allowedTypes,applications,mfaSettings,mfaPolicy"
)

func (l DeviceList) request(expand string) pingone.Request {
	var status string
	if l.Status != "" && l.Status != "ALL" {
		status = Equal("status", l.Status)
	}
	types := make([]string, len(l.Types))
	for i, t := range l.Types {
		types[i] = Equal("type", t)
	}
	query := Filter(status, anyOf(types...))
	query.Set("expand", expand)
	return pingone.Request{Method: http.MethodGet, Path: User(l.UserID, "devices"), Query: query}
}

// Devices reads a user's devices with what is shown beside them.
func (c Client) Devices(ctx context.Context, l DeviceList) connector.Outcome {
	expand := expandDocumented
	if c.Joined {
		expand = expandEmbedded
	}
	list, fail := c.Ask(ctx, l.request(expand))
	if fail != nil {
		return *fail
	}
	policy, fail := c.beside(ctx, list)
	if fail != nil {
		return *fail
	}
	return list.Complete(EmbeddedList("devices", "order"), policy)
}

// OrderWithFirst is the user's device order with id moved to the front. For a user
// without an order it is made of the active devices as listed.
func (c Client) OrderWithFirst(ctx context.Context, userID, id string) ([]any, connector.Outcome) {
	l := DeviceList{UserID: userID, Status: "ACTIVE"}
	list, fail := c.Ask(ctx, l.request(expandDocumented))
	if fail != nil {
		return nil, *fail
	}
	members := list.Objects("order")
	if len(members) == 0 {
		members = slices.DeleteFunc(list.Objects("devices"), remembered)
	}
	ids := []string{id}
	for _, m := range members {
		if other := IDOf(m); other != "" && !slices.Contains(ids, other) {
			ids = append(ids, other)
		}
	}
	refs := make([]any, len(ids))
	for i, id := range ids {
		refs[i] = Ref(id)
	}
	return refs, nil
}

// remembered reports whether a device is a browser that is remembered: it has no place in
// the order.
func remembered(device map[string]any) bool { return device["type"] == "BROWSER" }
