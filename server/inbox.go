package server

import (
	"bytes"
	_ "embed"
	"html/template"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

//go:embed inbox.html
var inboxHTML string

// showInbox is GET /dev/inbox: what was sent, newest first, as JSON or as a page.
func (s *Server) showInbox(c echo.Context) error {
	if !s.localHost(c.Request().Host) {
		// A page elsewhere whose name was made to point here (DNS rebinding) must not read codes.
		return refuse(engine.Forbidden, "the inbox answers only under localhost, an address, or the configured URL")
	}
	list, err := s.opt.Inbox.Messages(c.Request().Context(), c.QueryParam("to"), c.QueryParam("channel"))
	if err != nil {
		return err
	}
	list = notNil(list)
	if !prefersHTML(c.Request().Header.Get(echo.HeaderAccept)) {
		return writeJSON(c, http.StatusOK, list)
	}
	page, err := template.New("inbox").Parse(inboxHTML)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, list); err != nil {
		return err
	}
	return c.HTMLBlob(http.StatusOK, b.Bytes())
}

// localHost says whether a Host header is one that no stranger's DNS can produce.
func (s *Server) localHost(host string) bool {
	if s.origin != nil && strings.EqualFold(host, s.origin.Host) {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// prefersHTML compares the weights of text/html and application/json in Accept.
func prefersHTML(accept string) bool {
	html, other := 0.0, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if given, err := strconv.ParseFloat(params["q"], 64); err == nil {
			q = given
		}
		switch kind {
		case "text/html":
			html = max(html, q)
		case typeJSON:
			other = max(other, q)
		}
	}
	return html > other
}
