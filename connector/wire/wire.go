// Package wire reads what comes from outside in its one spelling: JSON in which each member
// stands once, base64url without slack, credentials as RFC 9110 has them. Two readers of one
// text must not see two things, and no secret may have two spellings.
package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// CheckJSON refuses what is not one JSON value of I-JSON's kind (RFC 7493): text in UTF-8
// without half surrogate pairs, no member twice in an object, no more than depth levels. The
// error says what is wrong and where, and repeats no value.
func CheckJSON(src []byte, depth int) error {
	if !utf8.Valid(src) {
		return errors.New("it is not UTF-8")
	}
	d := jsontext.NewDecoder(bytes.NewReader(src))
	for begun := false; !begun || d.StackDepth() > 0; begun = true {
		if _, err := d.ReadToken(); err != nil {
			return describeSyntax(err)
		}
		if d.StackDepth() > depth {
			return fmt.Errorf("it is nested deeper than %d levels", depth)
		}
	}
	switch _, err := d.ReadToken(); {
	case err == nil:
		return errors.New("something follows its end")
	case !errors.Is(err, io.EOF):
		return describeSyntax(err)
	}
	return nil
}

// describeSyntax says where a text stops being JSON.
func describeSyntax(err error) error {
	var at *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is not JSON: it ends too early")
	case !errors.As(err, &at):
		return errors.New("it is not JSON")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("the member %.100q is there twice", string(at.JSONPointer))
	}
	return fmt.Errorf("it is not JSON at byte %d", at.ByteOffset)
}

var errBase64 = errors.New("it is not base64url in its one spelling")

// DecodeBase64URL decodes base64url without padding (RFC 4648 section 5) in the one spelling
// that an encoder gives: no line breaks, which encoding/base64 skips, and no bits behind the
// end.
func DecodeBase64URL(text string) ([]byte, error) { return decode(base64.RawURLEncoding, text) }

// DecodeBase64 is the same for base64 with padding (RFC 4648 section 4).
func DecodeBase64(text string) ([]byte, error) { return decode(base64.StdEncoding, text) }

func decode(alphabet *base64.Encoding, text string) ([]byte, error) {
	b, err := alphabet.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errBase64
	}
	return b, nil
}

// ReadCredentials splits a request's one Authorization header: a scheme, in lower case
// because case does not count, at least one space, and what the scheme takes, without a space
// (RFC 9110 section 11.4). It reports false for none, for two headers, and for another form.
func ReadCredentials(h http.Header) (scheme, credentials string, ok bool) {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return "", "", false
	}
	scheme, credentials, ok = strings.Cut(all[0], " ")
	credentials = strings.TrimLeft(credentials, " ")
	if !ok || scheme == "" || credentials == "" || strings.ContainsAny(credentials, " \t") {
		return "", "", false
	}
	return strings.ToLower(scheme), credentials, true
}

// ReadBasic reads user and password of the scheme Basic (RFC 7617).
func ReadBasic(h http.Header) (user, password string, ok bool) {
	scheme, credentials, ok := ReadCredentials(h)
	if !ok || scheme != "basic" {
		return "", "", false
	}
	b, err := DecodeBase64(credentials)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(b), ":")
}
