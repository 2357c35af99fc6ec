package server

import (
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/engine"
)

// members is a JSON object whose members are taken one by one.
type members map[string]any

// only refuses any member that is not named.
func (m members) only(in string, names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(names, name) {
			return refuse(engine.BadRequest, "unknown member %.64q in %s", name, in)
		}
	}
	return nil
}

// object takes a member that is an object, nil if absent.
func (m members) object(name string) (members, error) {
	v, there := m[name]
	if !there {
		return nil, nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(engine.BadRequest, "%s must be an object", name)
	}
	return o, nil
}

// text takes a member that is a string of at most limit bytes, "" if absent.
func (m members) text(name string, limit int) (string, error) {
	v, there := m[name]
	if !there {
		return "", nil
	}
	s, ok := v.(string)
	if !ok || len(s) > limit {
		return "", refuse(engine.BadRequest, "%s must be a string of at most %d bytes", name, limit)
	}
	return s, nil
}

// required takes a string that must be there and not empty.
func (m members) required(name string, limit int) (string, error) {
	s, err := m.text(name, limit)
	if err == nil && s == "" {
		err = refuse(engine.BadRequest, "%s is missing", name)
	}
	return s, err
}
