package server

import (
	"io"
	"mime"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	typeJSON = "application/json"
	typeYAML = "application/yaml"
)

// readBody returns the body if it has the wanted media type.
func readBody(c echo.Context, want string) ([]byte, error) {
	types := c.Request().Header.Values(echo.HeaderContentType)
	kind, params, err := mime.ParseMediaType(strings.Join(types, ","))
	if err != nil || len(types) > 1 || kind != want || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, refuse(unsupportedMediaType, "the body must be %s in UTF-8", want)
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return nil, bodyError(err)
	}
	return body, nil
}

// readObject returns the JSON object in the body.
func (s *Server) readObject(c echo.Context) (members, error) {
	src, err := readBody(c, typeJSON)
	if err != nil {
		return nil, err
	}
	return parseObject(src, s.limits.Values)
}
