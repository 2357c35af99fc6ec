package server

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed pages/passkey.js
var passkeyJS []byte

// showPasskeyScript is GET /assets/passkey.js: what a page needs to use passkeys. It is
// the same for everybody, and as old as the server.
func (s *Server) showPasskeyScript(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", passkeyJS)
}
