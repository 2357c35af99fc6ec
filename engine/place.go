package engine

import "github.com/mfaflow/mfaflow/flows/cond"

// place is where a computed value goes, which decides what becomes of the secrets in it.
type place struct {
	kind   placeKind
	takes  *cond.Type // what the place is declared to take; nil: nothing is said
	stored bool       // the flow was accepted by an earlier version, maybe
}

type placeKind uint8

const (
	inside placeKind = iota // variables, conditions: everything is kept, sealed
	given                   // inputs of capabilities and flows: secrets only where they are taken
	shown                   // screens: the same, and what is undeclared loses what is called a secret
	leaves                  // outputs, errors, messages: no secret
)

func (w *walker) givenTo(takes *cond.Type) place {
	return place{given, takes, w.program().Flow.IsStored()}
}

func (w *walker) shownOn(takes *cond.Type) place {
	return place{shown, takes, w.program().Flow.IsStored()}
}

func (p place) member(name string) place { return place{p.kind, p.takes.Member(name), p.stored} }

func (p place) item() place { return place{p.kind, p.takes.Item(), p.stored} }

// admit is what a place gets of a value of type from; nil for nothing.
//
// A secret that an expression names is refused by the loader where it is not taken. Flows
// that were accepted before it did still give theirs to inputs and screens, or what they
// do would stop working; nothing leaves as an output, error or message.
func (p place) admit(v any, from *cond.Type) any {
	switch {
	case p.kind == inside, p.kind == given && !from.HasSecret(), p.kind != leaves && p.stored && from.Secret:
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
