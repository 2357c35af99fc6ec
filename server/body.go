package server

import (
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

const (
	typeJSON = "application/json"
	typeYAML = "application/yaml"
)

// readBody returns the body if it has the wanted media type.
func readBody(c echo.Context, want string) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || kind != want || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, refuse(unsupportedMediaType, "the body must be %s in UTF-8", want)
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return nil, unreadable(err)
	}
	return body, nil
}

// unreadable keeps "too large" and calls any other failure to read the client's.
func unreadable(err error) error {
	if _, ok := err.(*http.MaxBytesError); ok {
		return err
	}
	return refuse(engine.BadRequest, "the body could not be read")
}

// readObject returns the JSON object in the body.
func readObject(c echo.Context) (members, error) {
	src, err := readBody(c, typeJSON)
	if err != nil {
		return nil, err
	}
	return parseObject(src)
}
