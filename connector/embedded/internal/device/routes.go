package device

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Routes are the routes of devices.
func (s *Devices) Routes() []rest.Route {
	const all, one = "users/:userID/devices", "users/:userID/devices/:deviceID"
	return []rest.Route{
		{Method: http.MethodGet, Path: all, Run: s.list},
		{Method: http.MethodPost, Path: all, Run: s.made},
		{Method: http.MethodPost, Path: all, Media: "devices.reorder", Run: s.reorder},
		{Method: http.MethodPost, Path: all, Media: "devices.order.remove", Run: s.unorder},
		{Method: http.MethodDelete, Path: all, Media: "devices.order.remove", Run: s.unorderOld},
		{Method: http.MethodGet, Path: one, Run: or(s.read, s.Browsers.Read)},
		{Method: http.MethodDelete, Path: one, Run: or(s.remove, s.Browsers.Remove)},
		{Method: http.MethodPost, Path: one, Media: "device.activate", Run: s.activate},
		{Method: http.MethodPost, Path: one, Media: "device.sendActivationCode", Run: s.sendActivationCode},
		{Method: http.MethodPost, Path: one, Media: "device.unlock", Run: s.unlock},
		{Method: http.MethodPost, Path: one, Media: "device.block", Run: or(s.block, s.Browsers.Block)},
		{Method: http.MethodPost, Path: one, Media: "device.unblock", Run: or(s.unblock, s.Browsers.Unblock)},
		{Method: http.MethodPut, Path: one + "/nickname", Run: or(s.nickname, s.Browsers.Rename)},
		{Method: http.MethodPut, Path: one + "/logs", Run: s.requestLogs},
	}
}
