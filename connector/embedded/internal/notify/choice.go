package notify

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Choice is the member notification of a request: which content a message shall have.
// A template has one content, in English: locale, variant and variables are checked and
// select nothing.
type Choice struct {
	Policy   *rest.Ref `json:"policy"`
	Template *struct {
		Name      string                     `json:"name"`
		Locale    string                     `json:"locale"`
		Variant   string                     `json:"variant"`
		Variables map[string]json.RawMessage `json:"variables"`
	} `json:"template"`
	ClientContext json.RawMessage `json:"clientContext"` // for a native app
}

var locale = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$`)

// maxVariant is the longest name of a variant, in characters.
const maxVariant = 100

// Pick returns the template that is asked for, the first of allowed when none is. Names
// are compared ignoring case: both spellings are in use.
func (c *Choice) Pick(allowed ...string) (string, error) {
	if c == nil || c.Template == nil {
		return allowed[0], nil
	}
	t := c.Template
	switch {
	case t.Locale != "" && !locale.MatchString(t.Locale):
		return "", rest.Invalid("notification.template.locale", "must be an ISO language code")
	case utf8.RuneCountInString(t.Variant) > maxVariant:
		return "", rest.TooLong("notification.template.variant", maxVariant)
	}
	for name, v := range t.Variables {
		if len(v) > 0 && (v[0] == '{' || v[0] == '[') {
			return "", rest.Invalid("notification.template.variables."+name, "must be of type string")
		}
	}
	if t.Name == "" {
		return allowed[0], nil
	}
	name := strings.ToLower(t.Name)
	if !slices.Contains(allowed, name) {
		return "", rest.Invalid("notification.template.name", "must be one of "+strings.Join(allowed, ", ")).With("allowedValues", allowed)
	}
	return name, nil
}
