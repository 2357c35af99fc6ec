package node

import (
	"github.com/mfaflow/mfaflow/connector"
)

// Shape adds extra members, or a proof, to a framed answer.
type Shape func(a Answer, done *connector.Complete)

// Pick copies a member of the body.
func Pick(name string) Shape {
	return func(a Answer, done *connector.Complete) {
		if v, ok := a.Body[name]; ok {
			done.Output[name] = v
		}
	}
}

// Whole gives the whole body a second name, "device" of Create Device.
func Whole(name string) Shape {
	return func(a Answer, done *connector.Complete) { done.Output[name] = a.Body }
}

// Keeps tells that what an execution made is not undone any more when it is left.
func Keeps(id string) Shape {
	return func(_ Answer, done *connector.Complete) { done.Keeps = id }
}

// Set adds a member that does not come from the body.
func Set(name string, v any) Shape {
	return func(_ Answer, done *connector.Complete) { done.Output[name] = v }
}

// EmbeddedList copies lists out of _embedded; one that is missing is empty.
func EmbeddedList(names ...string) Shape {
	return func(a Answer, done *connector.Complete) {
		for _, name := range names {
			if done.Output[name] = a.Embedded(name); done.Output[name] == nil {
				done.Output[name] = []any{}
			}
		}
	}
}

// Embedded returns a member of _embedded, nil if it is missing.
func (a Answer) Embedded(name string) any {
	embedded, _ := a.Body["_embedded"].(map[string]any)
	return embedded[name]
}

// Objects returns the objects of an embedded list.
func (a Answer) Objects(name string) []map[string]any {
	list, _ := a.Embedded(name).([]any)
	objects := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}
