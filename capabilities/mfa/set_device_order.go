package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type setDeviceOrderInput struct {
	UserID    string `json:"userId" need:"text"`
	Mode      string `json:"setDeviceOrder"` // SET_DEFAULT_DEVICE, SET_DEVICE_ORDER
	DefaultID string `json:"defaultDeviceId"`
	UseJSON   bool   `json:"useDeviceOrderJsonAttributes"`
	List      []any  `json:"deviceOrderList"`
	JSON      any    `json:"jsonAttributes"` // {"order": [{"id": …}]}, or that as text
}

// setDeviceOrder puts a user's active devices in order. The first is the default.
//
// API: POST /users/{userId}/devices, devices.reorder
func setDeviceOrder() node.Spec {
	return node.DefineRun("mfa/set-device-order",
		func(ctx context.Context, c node.Client, in setDeviceOrderInput) connector.Outcome {
			order, refusal := in.order(ctx, c)
			if refusal != nil {
				return refusal
			}
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPost, Path: node.User(in.UserID, "devices"),
				MediaType: pingone.MediaType("devices.reorder"), Body: map[string]any{"order": order},
			}, node.EmbeddedList("devices", "order"))
		})
}

// order is the order that the inputs ask for, or why there is none.
func (in setDeviceOrderInput) order(ctx context.Context, c node.Client) ([]any, connector.Outcome) {
	switch {
	case in.Mode == "SET_DEFAULT_DEVICE" || in.Mode == "" && in.DefaultID != "":
		if in.DefaultID == "" {
			return nil, node.Missing("defaultDeviceId")
		}
		return c.OrderWithFirst(ctx, in.UserID, in.DefaultID)
	case in.UseJSON:
		return jsonOrder(in.JSON)
	case len(in.List) == 0:
		return nil, node.Missing("deviceOrderList")
	}
	return node.Refs(in.List), nil
}
