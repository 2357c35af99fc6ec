package flows

import "iter"

// CheckAll checks flows that call each other, each after those it calls, and returns all
// their problems: by flow in the order given, in a flow by place. What is not among them
// is looked for in lib. Flows that are part of a circle of calls get the problem
// "recursion" and count as not there.
//
// A flow that calls one with errors is told so (unknown-flow).
func CheckAll(list []*Flow, lib Library) []Problem {
	var all []Problem
	for _, problems := range CheckEach(list, lib) {
		all = append(all, problems...)
	}
	return all
}

// CheckEach is CheckAll that tells the problems of each flow apart.
func CheckEach(list []*Flow, lib Library) iter.Seq2[*Flow, []Problem] {
	return func(yield func(*Flow, []Problem) bool) {
		a := &allChecker{lib: lib, given: map[string]*Flow{}, found: map[*Flow][]Problem{}, state: map[*Flow]visitState{}}
		for _, f := range list {
			if _, twice := a.given[f.ID]; !twice {
				a.given[f.ID] = f
			}
		}
		for _, f := range list {
			if a.state[f] == unseen {
				a.check(f)
			}
		}
		for _, f := range list {
			if !yield(f, a.found[f]) {
				return
			}
		}
	}
}

type visitState uint8

const (
	unseen visitState = iota
	checking
	checked
)

type allChecker struct {
	lib   Library
	given map[string]*Flow
	found map[*Flow][]Problem
	state map[*Flow]visitState
}

func (a *allChecker) check(f *Flow) {
	a.state[f] = checking
	circle := map[string]bool{}
	for _, id := range f.ListCalls() {
		child := a.given[id]
		switch {
		case child == nil || child == f:
		case a.state[child] == unseen:
			a.check(child)
		case a.state[child] == checking:
			circle[id] = true
		}
	}
	lib := a.lib
	lib.Flow = func(id string) (*Flow, bool) { return a.lookup(id, circle) }
	problems := Check(f, lib)
	for i, p := range problems {
		if n := f.Node(p.Node); p.Rule == ruleUnknownFlow && n != nil && circle[n.Name] {
			problems[i].Rule = ruleRecursion
			problems[i].Text, problems[i].Hint = "`"+n.Name+"` calls this flow, directly or through others", "a flow cannot be part of itself"
		}
	}
	a.found[f], a.state[f] = problems, checked
}

func (a *allChecker) lookup(id string, circle map[string]bool) (*Flow, bool) {
	if f := a.given[id]; f != nil {
		return f, !circle[id] && a.state[f] == checked && !HasErrors(a.found[f])
	}
	if a.lib.Flow == nil {
		return nil, false
	}
	return a.lib.Flow(id)
}
