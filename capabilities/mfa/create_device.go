package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createDeviceInput struct {
	node.Notification
	UserID       string `json:"userId" need:"text"`
	Type         string `json:"deviceType"`
	CustomType   any    `json:"customDeviceType"`
	Status       string `json:"status" need:"text"`
	Nickname     string `json:"nickname"`
	Phone        string `json:"phone"`
	Extension    string `json:"extension"`
	Email        string `json:"email"`
	RPID         string `json:"rpId"`
	RPName       string `json:"rpName"`
	UserAgent    string `json:"userAgent"`
	Test         string `json:"createDeviceTestMode"`
	OneTimeTest  string `json:"oneTimeDeviceTestMode"`
	SerialNumber string `json:"serialNumber"`
	Challenge    string `json:"challenge"`
	MFAPolicyID  string `json:"policyId"`
}

// createDevice pairs a device with a user.
//
// API: POST /users/{userId}/devices
func createDevice() node.Spec {
	return node.DefineRun("mfa/create-device",
		func(ctx context.Context, c node.Client, in createDeviceInput) connector.Outcome {
			kind := node.Choose(in.Type, in.CustomType)
			if kind == "" {
				return node.Missing("deviceType")
			}
			body := node.Object{"type": kind}.
				Put("status", in.Status).
				Put("nickname", in.Nickname).
				Put("phone", in.Phone).
				Put("extension", in.Extension).
				Put("email", in.Email).
				Put("rp", node.Object{}.Put("id", in.RPID).Put("name", in.RPName)).
				Put("serialNumber", in.SerialNumber).
				Put("webAuthn", node.Object{}.Put("challenge", in.Challenge)).
				Put("testMode", node.True(in.Test) || node.True(in.OneTimeTest)).
				Put("notification", in.Notification.Body("")).
				PutRef("policy", node.First(in.MFAPolicyID, c.PolicyID))
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPost, Path: node.User(in.UserID, "devices"),
				Header: node.UserAgent(in.UserAgent), Body: body,
			}, node.Whole("device"))
		})
}
