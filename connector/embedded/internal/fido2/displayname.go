package fido2

import "strings"

// DisplayName says what browsers show of a user.
type DisplayName struct {
	Attributes []Attribute `json:"attributes"`
	Suffix     string      `json:"suffix,omitempty"`
}

// Attribute names an attribute of a user.
type Attribute struct {
	Name          string      `json:"name"`
	SubAttributes []Attribute `json:"subAttributes,omitempty"`
}

// Of is what is shown of a user: the attributes that the profile has, in order. The suffix
// names an organisation, which an environment of its own does not have.
func (d *DisplayName) Of(profile map[string]any) string {
	var out []string
	for _, a := range d.Attributes {
		out = append(out, a.of(profile)...)
	}
	return strings.Join(out, " ")
}

// of lists the texts of an attribute: its own, or those of its parts that are named, be it
// as sub-attributes or with a dot.
func (a Attribute) of(v any) (out []string) {
	for part := range strings.SplitSeq(a.Name, ".") {
		m, _ := v.(map[string]any)
		v = m[part]
	}
	if text, _ := v.(string); strings.TrimSpace(text) != "" {
		out = append(out, strings.TrimSpace(text))
	}
	for _, sub := range a.SubAttributes {
		out = append(out, sub.of(v)...)
	}
	return out
}
