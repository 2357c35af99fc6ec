package server

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/wire"
	"github.com/mfaflow/mfaflow/engine"
)

const (
	maxDepth  = 64 // levels of JSON
	maxDigits = 64 // characters of a number: float64 has 17 digits, and big numbers are slow (security F5)
)

// parseObject reads a JSON object more strictly than encoding/json: no duplicate keys,
// nothing after it, at most maxValues values (0: any) and maxDepth levels, text that is
// UTF-8 without lone surrogates, numbers that are float64s. Two readers of one document
// must not see two things. Nothing is made of a document before it is known to be one
// within the limits.
func parseObject(src []byte, maxValues int) (members, error) {
	size := wire.MeasureJSON(src)
	if size.Depth > maxDepth {
		return nil, refuse(engine.BadRequest, "the body is nested deeper than %d", maxDepth)
	}
	if maxValues > 0 && size.Values > maxValues {
		return nil, refuse(tooLarge, "the body holds more than %d JSON values", maxValues)
	}
	if !utf8.Valid(src) {
		return nil, refuse(engine.BadRequest, "the body is not UTF-8")
	}
	if !json.Valid(src) {
		return nil, syntaxError(json.Unmarshal(src, new(json.RawMessage)))
	}
	if loneSurrogate(src) {
		return nil, refuse(engine.BadRequest, "a string holds half a surrogate pair")
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(engine.BadRequest, "the body must be a JSON object")
	}
	return o, nil
}

func syntaxError(err error) error {
	if e, ok := err.(*json.SyntaxError); ok {
		return refuse(engine.BadRequest, "the body is not JSON: %s, at byte %d", e.Error(), e.Offset)
	}
	return refuse(engine.BadRequest, "the body is not JSON")
}

// readValue reads the next value of a document that is known to be well-formed and flat
// enough to go down into.
func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, syntaxError(err)
	}
	switch t := t.(type) {
	case json.Number:
		return number(t.String())
	case json.Delim:
		if t == '{' {
			return readMembers(d)
		}
		return readItems(d)
	}
	return t, nil
}

func readMembers(d *json.Decoder) (any, error) {
	o := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, syntaxError(err)
		}
		name, _ := t.(string)
		if _, twice := o[name]; twice {
			return nil, refuse(engine.BadRequest, "the member %.64q is there twice", name)
		}
		if o[name], err = readValue(d); err != nil {
			return nil, err
		}
	}
	_, err := d.Token() // }
	return o, err
}

func readItems(d *json.Decoder) (any, error) {
	list := []any{}
	for d.More() {
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token() // ]
	return list, err
}

// number refuses what float64 cannot hold, in either direction (security A-67).
func number(text string) (any, error) {
	f, err := strconv.ParseFloat(text, 64)
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	vanished := f == 0 && strings.ContainsAny(mantissa, "123456789")
	if err != nil || vanished || len(text) > maxDigits || math.IsInf(f, 0) {
		return nil, refuse(engine.BadRequest, "a number is out of range")
	}
	return f, nil
}

// loneSurrogate finds \uD800 to \uDFFF outside a pair, which decoders replace silently.
// src is well-formed JSON, so a backslash is always in a string.
func loneSurrogate(src []byte) bool {
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' {
			continue
		}
		i++ // the escaped character
		if src[i] != 'u' {
			continue
		}
		switch unit := codeUnit(src[i+1:]); {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			rest := src[i+5:]
			if !bytes.HasPrefix(rest, []byte(`\u`)) || codeUnit(rest[2:])&^0x3FF != 0xDC00 {
				return true
			}
			i += 6
		}
		i += 4
	}
	return false
}

func codeUnit(hex []byte) uint64 {
	if len(hex) < 4 {
		return 0
	}
	n, _ := strconv.ParseUint(string(hex[:4]), 16, 16)
	return n
}
