package node

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// Equal is the SCIM filter `attribute eq "value"`. The value is a JSON string, so
// quotes and backslashes in it cannot end it (security A-69).
func Equal(attribute, value string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // a string always encodes
	}
	return attribute + " eq " + strings.TrimSuffix(b.String(), "\n")
}

// anyOf is `(a or b …)`, "" for no terms and the term itself for one.
func anyOf(terms ...string) string {
	if len(terms) < 2 {
		return strings.Join(terms, "")
	}
	return "(" + strings.Join(terms, " or ") + ")"
}

// Filter is the query ?filter=… with the terms that are not empty joined by and.
func Filter(terms ...string) url.Values {
	var some []string
	for _, t := range terms {
		if t != "" {
			some = append(some, t)
		}
	}
	if len(some) == 0 {
		return url.Values{}
	}
	return url.Values{"filter": {strings.Join(some, " and ")}}
}
