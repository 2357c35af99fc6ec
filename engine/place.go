package engine

import "github.com/mfaflow/mfaflow/flows/cond"

// place is where a computed value goes, which decides what becomes of the secrets in it.
// The loader has refused secrets that are named; those inside a whole value, and those of
// flows that were accepted before it did, stay behind here.
type place struct {
	kind  placeKind
	takes *cond.Type // what the place is declared to take; nil: nothing is said
}

type placeKind uint8

const (
	inside placeKind = iota // variables, conditions: everything is kept, sealed
	given                   // inputs of capabilities and flows: secrets only where they are taken
	leaves                  // outputs, errors, messages, screens: what is undeclared loses what is called a secret, too
)

// outsideWorld is a place that takes no secret at all.
var outsideWorld = place{kind: leaves}

func (p place) member(name string) place { return place{p.kind, p.takes.Member(name)} }

func (p place) item() place { return place{p.kind, p.takes.Item()} }

// admit is what a place gets of a value of type from; nil for nothing.
func (p place) admit(v any, from *cond.Type) any {
	if p.kind == inside || p.kind == given && !from.HasSecret() {
		return v
	}
	kept, ok := cond.WithoutSecrets(v, from, p.takes)
	if !ok {
		return nil
	}
	return kept
}

// publicDetails are the details of an error as it may leave the execution.
func publicDetails(details map[string]any) map[string]any {
	if details == nil {
		return nil
	}
	kept, _ := cond.WithoutSecrets(details, nil, nil)
	m, _ := kept.(map[string]any)
	return m
}
