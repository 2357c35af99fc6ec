package flows

import (
	"maps"
	"slices"
)

// proofNeed says when the user that a path names is proven: always, if the users of some
// inputs are, or never.
type proofNeed struct {
	never  bool
	inputs []string // sorted
	stuck  bool     // nothing that follows proves it: the proof asks the wrong person
}

// isMet reports whether the user is proven whoever calls.
func (n proofNeed) isMet() bool { return !n.never && len(n.inputs) == 0 }

// joinNeeds is the need of a path that has either, by where the flow comes from.
func joinNeeds(a, b proofNeed) proofNeed {
	j := proofNeed{never: a.never || b.never, stuck: a.stuck || b.stuck}
	if !j.never {
		j.inputs = slices.Concat(a.inputs, b.inputs)
		slices.Sort(j.inputs)
		j.inputs = slices.Compact(j.inputs)
	}
	return j
}

// userState is what holds of users at a place of the graph, on every path that leads
// there. A user is named by paths: `inputs.x`, `vars.x`, `nodes.x.user` for the user that
// a node's output holds, `nodes.x#` for the one that its capability was asked about,
// `nodes.x!` for the one whose personal data it gave, and so for variables. What is said
// of a path that is unset holds of nobody, and so holds.
type userState struct {
	needs map[string]proofNeed // of the paths that are set
	same  map[[2]string]bool   // two paths, in order, that name one user
}

func newUserState() *userState {
	return &userState{needs: map[string]proofNeed{}, same: map[[2]string]bool{}}
}

func (s *userState) clone() *userState {
	return &userState{needs: maps.Clone(s.needs), same: maps.Clone(s.same)}
}

func pairOf(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

func (s *userState) isSame(a, b string) bool { return a == b || s.same[pairOf(a, b)] }

// forget unsets paths.
func (s *userState) forget(paths ...string) {
	for _, p := range paths {
		if _, set := s.needs[p]; set {
			delete(s.needs, p)
			maps.DeleteFunc(s.same, func(pair [2]string, _ bool) bool { return pair[0] == p || pair[1] == p })
		}
	}
}

// assign makes a path name a user: the one of another path if that is not "".
func (s *userState) assign(path string, need proofNeed, as string) {
	if as == path {
		return
	}
	s.forget(path)
	s.needs[path] = need
	if as == "" {
		return
	}
	for p := range s.needs {
		if p != path && s.isSame(p, as) {
			s.same[pairOf(p, path)] = true
		}
	}
}

// copyUser makes a path name the user of another, or nobody if that is unset.
func (s *userState) copyUser(path, from string) {
	if s.has(from) {
		s.assign(path, s.needs[from], from)
	} else {
		s.forget(path)
	}
}

// assignUnset makes a path name the user of another, or one who is not proven, unless it
// names somebody already.
func (s *userState) assignUnset(path, from string) {
	switch {
	case s.has(path):
	case s.has(from):
		s.copyUser(path, from)
	default:
		s.assign(path, proofNeed{never: true}, "")
	}
}

func (s *userState) has(path string) bool {
	_, set := s.needs[path]
	return set
}

// prove notes a proof of the user of a path, and so of all that name the same.
func (s *userState) prove(path string) {
	if need, set := s.needs[path]; !set || need.stuck {
		return
	}
	for p := range s.needs {
		if s.isSame(p, path) {
			s.needs[p] = proofNeed{}
		}
	}
}

// joinUsers is what holds on both of two ways to a place, and whether that is less than
// held before. A nil state has no way to the place yet.
func joinUsers(old, more *userState) (joined *userState, changed bool) {
	if old == nil {
		return more, true
	}
	j := newUserState()
	for p, need := range old.needs {
		j.needs[p] = need
	}
	for p, need := range more.needs {
		if before, set := old.needs[p]; set {
			need = joinNeeds(before, need)
		}
		j.needs[p] = need
	}
	for _, s := range []*userState{old, more} {
		for pair := range s.same {
			if old.allows(pair) && more.allows(pair) {
				j.same[pair] = true
			}
		}
	}
	return j, !maps.EqualFunc(old.needs, j.needs, func(a, b proofNeed) bool {
		return a.never == b.never && a.stuck == b.stuck && slices.Equal(a.inputs, b.inputs)
	}) || !maps.Equal(old.same, j.same)
}

// allows reports whether two paths name one user, as far as both are set.
func (s *userState) allows(pair [2]string) bool {
	_, first := s.needs[pair[0]]
	_, second := s.needs[pair[1]]
	return !first || !second || s.same[pair]
}
