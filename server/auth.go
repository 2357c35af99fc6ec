package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"regexp"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/connector/wire"
	"github.com/mfaflow/mfaflow/engine"
)

// isManager says whether the request shows the management token. A bearer token that is
// not the management token is an error rather than nothing, so that a mistyped one is
// not mistaken for a visitor. Hashes are compared, in constant time, so that neither
// content nor length of the token shows in the time it takes.
func (s *Server) isManager(r *http.Request) (bool, error) {
	if len(r.Header.Values("Authorization")) == 0 {
		return false, nil
	}
	scheme, token, ok := wire.ReadCredentials(r.Header)
	if ok && scheme != "bearer" {
		return false, nil // some proxy's; it opens nothing here
	}
	sum := sha256.Sum256([]byte(token))
	if !ok || subtle.ConstantTimeCompare(sum[:], s.token[:]) != 1 {
		return false, refuse(unauthorized, "the bearer token is not the management token")
	}
	return true, nil
}

// maxHandle is longer than any handle or token that was ever given out, in bytes.
const maxHandle = 512

// access is what the request may do with an execution. A handle given twice or too long
// is none.
func access(c echo.Context) engine.Access {
	a := engine.Access{Manager: byManager(c)}
	if h := c.Request().Header.Values("Execution-Handle"); len(h) == 1 && len(h[0]) <= maxHandle {
		a.Handle = h[0]
	}
	return a
}

var flowID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// maxFlowID bounds a flow's id, in bytes.
const maxFlowID = 100

// flowParam is the flow's id in the path, NOT_FOUND if no flow can have it: an unescaped
// "a/b" or ".." goes no further.
func flowParam(c echo.Context) (string, error) {
	id := c.Param("flow")
	if len(id) > maxFlowID || !flowID.MatchString(id) {
		return "", refuse(engine.NotFound, "there is no such flow")
	}
	return id, nil
}

// executionParam is the execution's id in the path, NOT_FOUND if it is not a UUID in its
// one canonical spelling.
func executionParam(c echo.Context) (string, error) {
	id := c.Param("execution")
	if u, err := uuid.Parse(id); err != nil || u.String() != id {
		return "", refuse(engine.NotFound, "there is no such execution")
	}
	return id, nil
}
