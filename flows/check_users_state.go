package flows

import "slices"

// proofNeed says when the user that a path names is proven: always, if the users of some
// inputs are, or never.
type proofNeed struct {
	never  bool
	inputs []string // sorted
	stuck  bool     // nothing that follows proves it: the proof asks the wrong person
}

// isMet reports whether the user is proven whoever calls.
func (n proofNeed) isMet() bool { return !n.never && len(n.inputs) == 0 }

func (n proofNeed) equals(m proofNeed) bool {
	return n.never == m.never && n.stuck == m.stuck && slices.Equal(n.inputs, m.inputs)
}

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
	paths *userPaths
	named []namedUser // by the number of the path; those past the end are unset
	count int         // how many classes there were, so that a new one gets a number of its own
}

// namedUser is the user that a path names. Paths of one class name one user.
type namedUser struct {
	need  *proofNeed // nil where the path is unset
	class int
}

// userPaths numbers the paths that a flow names users by.
type userPaths struct{ number map[string]int }

func (p *userPaths) numberOf(path string) int {
	n, known := p.number[path]
	if !known {
		n = len(p.number)
		p.number[path] = n
	}
	return n
}

func newUserState() *userState { return &userState{paths: &userPaths{map[string]int{}}} }

func (s *userState) clone() *userState {
	return &userState{paths: s.paths, named: slices.Clone(s.named), count: s.count}
}

// at is the user that a path names; without a need if the path is unset.
func (s *userState) at(path string) namedUser {
	if n, known := s.paths.number[path]; known && n < len(s.named) {
		return s.named[n]
	}
	return namedUser{}
}

func (s *userState) has(path string) bool { return s.at(path).need != nil }

// need says when the user of a path is proven; that of an unset path is nobody.
func (s *userState) need(path string) proofNeed {
	if u := s.at(path); u.need != nil {
		return *u.need
	}
	return proofNeed{}
}

func (s *userState) isSame(a, b string) bool {
	x, y := s.at(a), s.at(b)
	return a == b || x.need != nil && y.need != nil && x.class == y.class
}

// forget unsets paths.
func (s *userState) forget(paths ...string) {
	for _, p := range paths {
		if s.has(p) {
			s.named[s.paths.number[p]] = namedUser{}
		}
	}
}

// assign makes a path name a user: the one of another path if that is not "".
func (s *userState) assign(path string, need proofNeed, as string) {
	if as == path {
		return
	}
	other := s.at(as)
	if other.need == nil {
		other.class = s.count
		s.count++
	}
	n := s.paths.numberOf(path)
	if missing := n + 1 - len(s.named); missing > 0 {
		s.named = append(s.named, make([]namedUser, missing)...)
	}
	s.named[n] = namedUser{&need, other.class}
}

// copyUser makes a path name the user of another, or nobody if that is unset.
func (s *userState) copyUser(path, from string) {
	if s.has(from) {
		s.assign(path, s.need(from), from)
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

// prove notes a proof of the user of a path, and so of all that name the same.
func (s *userState) prove(path string) {
	proven := s.at(path)
	if proven.need == nil || proven.need.stuck {
		return
	}
	for i, u := range s.named {
		if u.need != nil && u.class == proven.class {
			s.named[i].need = &proofNeed{}
		}
	}
}

// joinUsers is what holds on both of two ways to a place, and whether that is less than
// held before. A nil state has no way to the place yet.
func joinUsers(old, more *userState) (joined *userState, changed bool) {
	if old == nil {
		return more, true
	}
	j := &userState{paths: old.paths, named: make([]namedUser, max(len(old.named), len(more.named)))}
	user := func(s *userState, i int) namedUser {
		if i < len(s.named) {
			return s.named[i]
		}
		return namedUser{}
	}
	for i := range j.named {
		a, b := user(old, i), user(more, i)
		switch {
		case a.need == nil:
			j.named[i].need = b.need
		case b.need == nil || a.need == b.need || a.need.equals(*b.need):
			j.named[i].need = a.need
		default:
			need := joinNeeds(*a.need, *b.need)
			j.named[i].need = &need
		}
		changed = changed || j.named[i].need != nil && (a.need == nil || !a.need.equals(*j.named[i].need))
	}
	return j, j.joinClasses(old, more, user) || changed
}

// joinClasses tells which paths name one user in both states, and whether some that did in
// the old one do no more. A path that only one state sets is of the class that the others of
// its class there are of, if it is one.
func (j *userState) joinClasses(old, more *userState, user func(*userState, int) namedUser) (split bool) {
	const several = -1
	both := map[[2]int]int{}
	ofOld, ofMore := map[int]int{}, map[int]int{} // class there → the one class here
	note := func(of map[int]int, from, class int) {
		if known, seen := of[from]; seen && known != class {
			class = several
		}
		of[from] = class
	}
	for i := range j.named {
		a, b := user(old, i), user(more, i)
		if a.need == nil || b.need == nil {
			continue
		}
		class, known := both[[2]int{a.class, b.class}]
		if !known {
			class, j.count = j.count, j.count+1
			both[[2]int{a.class, b.class}] = class
		}
		j.named[i].class = class
		note(ofOld, a.class, class)
		note(ofMore, b.class, class)
	}
	alone := func(of map[int]int, rest map[int]int, from int) int {
		if class, known := of[from]; known && class != several {
			return class
		}
		class, known := rest[from]
		if !known {
			class, j.count = j.count, j.count+1
			rest[from] = class
		}
		return class
	}
	restOld, restMore := map[int]int{}, map[int]int{}
	now := map[int]int{} // class in old → here, of all that were set
	for i := range j.named {
		a, b := user(old, i), user(more, i)
		switch {
		case a.need != nil && b.need == nil:
			j.named[i].class = alone(ofOld, restOld, a.class)
		case a.need == nil && b.need != nil:
			j.named[i].class = alone(ofMore, restMore, b.class)
		}
		if a.need != nil {
			if class, seen := now[a.class]; seen && class != j.named[i].class {
				split = true
			}
			now[a.class] = j.named[i].class
		}
	}
	return split
}
