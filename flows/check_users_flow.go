package flows

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
)

// statusCompleted is the status of a resource that proves its user.
const statusCompleted = "COMPLETED"

// usersAlong is what holds of users at the end of an edge.
func (c *checker) usersAlong(e edge, before *userState) *userState {
	n, s := c.f.Nodes[e.from], before.clone()
	s.forgetNode(n.ID, c.outputsOf(n))
	after := c.usersAfter(e, before, s.clone())
	if e.caught { // what the node wrote may have been written before it failed
		after.forgetNode(n.ID, c.outputsOf(n))
		s, _ = joinUsers(s, after)
		return s
	}
	return after
}

func (s *userState) forgetNode(id string, outputs []string) {
	path := "nodes." + id
	s.forget(path+"#", path+"!", path+".user")
	for _, name := range outputs {
		s.forget(path + ".outputs." + name)
	}
}

// outputsOf lists the outputs of the flow that a node calls.
func (c *checker) outputsOf(n *Node) []string {
	var names []string
	if child := c.calls[n]; child != nil {
		for _, end := range child.users.ends {
			for name := range end.outputs {
				names = append(names, name)
			}
		}
	}
	return names
}

// usersAfter is what holds once a node was left by an edge. Its inputs are read in the
// state before; s is the same without the node's earlier result.
func (c *checker) usersAfter(e edge, before, s *userState) *userState {
	n := c.f.Nodes[e.from]
	switch {
	case n.Kind == Uses && n.Capability != nil:
		c.runUsers(e.from, n.Capability, n.With, "nodes."+n.ID, before, s)
		if n.Save != "" {
			saveUsers(s, "nodes."+n.ID, "vars."+n.Save)
		}
	case n.Kind == Show && n.Poll != nil && n.Poll.Capability != nil && n.Poll.Save != "":
		polled := s.clone()
		c.runUsers(e.from, n.Poll.Capability, n.Poll.With, "poll", before, polled)
		saveUsers(polled, "poll", "vars."+n.Poll.Save)
		polled.forget("poll#", "poll!", "poll.user")
		if done := slices.Equal(e.outcomes, []string{"done"}); done {
			s = polled
			if n.Poll.Until != nil {
				c.refineUsers(s, n.Poll.Until.Source, "vars."+n.Poll.Save)
			}
		} else {
			s, _ = joinUsers(s, polled)
		}
	case n.Kind == Call && c.calls[n] != nil && !e.caught:
		c.callUsers(e, n, before, s)
	}
	c.setUsers(e.from, n, s)
	if !e.caught && e.route != nil {
		switch {
		case n.Kind == Match && n.On != nil && e.route.On == statusCompleted:
			c.refineUsers(s, "("+n.On.Source+`) == "`+statusCompleted+`"`, "")
		case e.route.When != nil:
			c.refineUsers(s, e.route.When.Source, "nodes."+n.ID)
		}
	}
	return s
}

// runUsers follows a capability's user from its inputs to its output, at path.
func (c *checker) runUsers(i int, e *connector.Entry, with []Member, path string, before, s *userState) {
	input, use := e.Spec.User()
	for j := range with {
		m := &with[j]
		if m.Name == input && input != "" {
			if need, as := c.userOf(&m.Value, i, before); as != "" || need.never || len(need.inputs) > 0 {
				s.assign(path+"#", need, as)
			} else if !namesNobody(&m.Value) {
				s.assign(path+"#", need, "")
			}
		} else if holder := c.holderOf(&m.Value, i); holder != "" {
			s.copyUser(path+"#", holder+"#")
			s.copyUser(path+".user", holder+".user")
		}
	}
	if c.asksElsewhere(with) {
		s.assign(path+"#", proofNeed{never: true, stuck: true}, "")
	}
	resource, _ := e.Spec.Resource()
	switch {
	case e.Spec.Proves == connector.ProvesMade:
		s.assign(path+".user", proofNeed{}, "")
	case e.Spec.Proves == connector.ProvesSuccess && resource == "user":
		if slices.ContainsFunc(with, func(m Member) bool { return m.Name == "username" }) {
			s.forget(path + "#") // which of the two was asked about is not known
		}
		s.prove(path + "#")
		s.assign(path+".user", proofNeed{}, "")
		if s.has(path + "#") {
			s.copyUser(path+".user", path+"#")
		}
	case e.Spec.Proves == connector.ProvesSuccess:
		s.assignUnset(path+".user", path+"#")
		s.prove(path + "#")
		s.prove(path + ".user")
	case resource == "user" && input == "":
		s.assign(path+".user", proofNeed{never: true}, "")
		s.copyUser(path+"#", path+".user")
	case resource == "user":
		s.copyUser(path+".user", path+"#")
	case c.provesByStatus(resource):
		s.assignUnset(path+".user", path+"#")
	}
	if use == connector.UserShows {
		s.copyUser(path+"!", path+"#")
	}
}

func saveUsers(s *userState, from, to string) {
	s.assign(to, proofNeed{never: true}, "") // a resource is no user's id
	for _, kind := range []string{"#", "!", ".user"} {
		s.copyUser(to+kind, from+kind)
	}
}

// asksElsewhere reports whether a challenge goes to an address that the person at hand
// typed: who answers it has proven to have that address, and not to be the user.
func (c *checker) asksElsewhere(with []Member) bool { return len(c.typedTargets(with)) > 0 }

// typedTargets are the paths of the addresses of a one-time challenge that the person at
// hand typed.
func (c *checker) typedTargets(with []Member) [][]string {
	var typed [][]string
	for _, m := range with {
		if !strings.HasPrefix(m.Name, "oneTime") || m.Name == "oneTimeDeviceType" || m.Value.Expr == nil || m.Value.Expr.Program == nil {
			continue
		}
		for _, path := range m.Value.Expr.Program.Reads() {
			if c.isTyped(path, map[string]bool{}) {
				typed = append(typed, path)
			}
		}
	}
	return typed
}

// isCompared reports whether some condition of the flow looks at a path.
func (c *checker) isCompared(path []string) bool {
	return slices.ContainsFunc(c.edges, func(e edge) bool {
		return e.route.When != nil && e.route.When.Program != nil &&
			slices.ContainsFunc(e.route.When.Program.Reads(), func(read []string) bool { return slices.Equal(read, path) })
	})
}

// isTyped reports whether a path may hold what the person at hand chose.
func (c *checker) isTyped(path []string, seen map[string]bool) bool {
	switch {
	case len(path) < 2:
		return true
	case path[0] == "inputs":
		return slices.ContainsFunc(c.f.Inputs, func(in Input) bool { return in.Name == path[1] && in.Client })
	case path[0] == "nodes":
		return len(path) < 3 || path[2] == "form"
	case path[0] != "vars" || seen[path[1]]:
		return false
	}
	seen[path[1]] = true
	for _, n := range c.f.Nodes {
		for j := range n.Set {
			typed := false
			if n.Set[j].Name == path[1] {
				n.Set[j].Value.eachExpr(func(e *Expr) {
					typed = typed || e.Program != nil && slices.ContainsFunc(e.Program.Reads(), func(p []string) bool { return c.isTyped(p, seen) })
				})
			}
			if typed {
				return true
			}
		}
	}
	return false
}

// callUsers follows users into a sub-flow and back.
func (c *checker) callUsers(e edge, n *Node, before, s *userState) {
	child := c.calls[n]
	given := map[string]string{} // input → the path that it was given
	needs := map[string]proofNeed{}
	for j := range n.With {
		needs[n.With[j].Name], given[n.With[j].Name] = c.userOf(&n.With[j].Value, e.from, before)
	}
	for input, path := range given {
		proven := path != "" && len(e.outcomes) > 0
		for _, o := range e.outcomes {
			proven = proven && child.users.ends[o] != nil && child.users.ends[o].inputs[input]
		}
		if proven {
			s.prove(path)
		}
	}
	for _, o := range e.outcomes {
		if child.users.ends[o] == nil {
			continue
		}
		for name, out := range child.users.ends[o].outputs {
			need, as, path := out.need, "", "nodes."+n.ID+".outputs."+name
			if !need.never {
				need = proofNeed{}
				for _, input := range out.need.inputs {
					need = joinNeeds(need, needs[input])
				}
			}
			for input := range out.same {
				as = max(as, given[input])
			}
			if as != "" {
				need = s.need(as)
			}
			if s.has(path) {
				need, as = joinNeeds(s.need(path), need), ""
			}
			s.assign(path, need, as)
		}
	}
}

// setUsers follows users into variables that are set.
func (c *checker) setUsers(i int, n *Node, s *userState) {
	computed := s.clone()
	for j := range n.Set {
		v, path := &n.Set[j].Value, "vars."+n.Set[j].Name
		need, as := c.userOf(v, i, computed)
		s.forget(path, path+"#", path+"!", path+".user")
		if !namesNobody(v) {
			s.assign(path, need, unlessSet(n, as))
		}
		for _, key := range c.listSubjects(v, i, computed) {
			if s.has(path + "!") {
				s.assign(path+"!", joinNeeds(s.need(path+"!"), computed.need(key)), "")
			} else {
				s.assign(path+"!", computed.need(key), unlessSet(n, key))
			}
		}
	}
}

// unlessSet is a path, unless it is of a variable that the node sets: then it names
// somebody else afterwards.
func unlessSet(n *Node, path string) string {
	for j := range n.Set {
		if name := "vars." + n.Set[j].Name; path == name || path == name+"!" || path == name+".user" {
			return ""
		}
	}
	return path
}

// listSubjects lists the paths of the users whose personal data a value holds.
func (c *checker) listSubjects(v *Value, i int, s *userState) []string {
	var keys []string
	v.eachExpr(func(e *Expr) {
		if e.Program == nil || !e.Program.Type().HasPersonal() {
			return
		}
		for _, path := range e.Program.Reads() {
			path = c.resolveOut(path, i)
			if len(path) > 1 {
				keys = append(keys, path[0]+"."+path[1]+"!")
				continue
			}
			for key := range s.paths.number {
				if strings.HasPrefix(key, path[0]+".") && strings.HasSuffix(key, "!") {
					keys = append(keys, key)
				}
			}
		}
	})
	slices.Sort(keys)
	return slices.Compact(keys)
}

// namesNobody reports whether a value names nobody.
func namesNobody(v *Value) bool {
	if v.Expr != nil {
		text := strings.TrimSpace(v.Expr.Source)
		return text == `""` || text == "''" || text == "nil"
	}
	return v.Map == nil && v.List == nil && (v.Const == nil || v.Const == "")
}

var plainUser = regexp.MustCompile(`^[A-Za-z0-9_.?\s]+?(\?\?\s*(""|''|nil)\s*)?$`)

// userOf says when the user that a value names is proven, and the path that names the
// same user, if it is one.
func (c *checker) userOf(v *Value, i int, s *userState) (proofNeed, string) {
	if namesNobody(v) || v.broken || v.Expr != nil && v.Expr.Program == nil {
		return proofNeed{}, ""
	}
	if v.Expr == nil || strings.Contains(v.Expr.Source, "+") || !userType(v.Expr.Program.Type()) {
		return proofNeed{never: true}, ""
	}
	reads := v.Expr.Program.Reads()
	need, path := proofNeed{never: len(reads) == 0}, ""
	for _, read := range reads {
		if read[0] == "inputs" && len(read) > 2 { // a member of what was given
			need, path = joinNeeds(need, s.need("inputs."+read[1])), ""
			continue
		}
		if path = c.userPath(read, i); path == "" {
			return proofNeed{never: true}, ""
		}
		need = joinNeeds(need, s.need(path))
	}
	if len(reads) != 1 || !plainUser.MatchString(v.Expr.Source) {
		return need, ""
	}
	if !s.has(path) {
		return need, ""
	}
	return need, path
}

// userPath is the path of a userState for what an expression reads, "" if that is no user
// whom the flow can know.
func (c *checker) userPath(path []string, i int) string {
	path = c.resolveOut(path, i)
	switch {
	case len(path) == 2 && (path[0] == "inputs" || path[0] == "vars"):
		return path[0] + "." + path[1]
	case len(path) == 4 && path[0] == "nodes" && path[2] == "outputs":
		return strings.Join(path, ".")
	}
	holder, member := c.resourceAt(path)
	switch resource := c.resourceOf(holder); {
	case resource == "user" && member == "id", resource != "user" && resource != "" && member == "user.id":
		return holder + ".user"
	}
	if len(path) == 4 && path[0] == "nodes" && path[2] == "rawResponse" && path[3] == "id" && c.resourceOf("nodes."+path[1]) == "user" {
		return "nodes." + path[1] + ".user"
	}
	return ""
}

// resolveOut writes `out` as the node that gives it.
func (c *checker) resolveOut(path []string, i int) []string {
	if len(path) > 0 && path[0] == "out" && i >= 0 {
		return slices.Concat([]string{"nodes", c.f.Nodes[i].ID}, path[1:])
	}
	return path
}

// resourceAt splits a path at the resource of a variable or a node: `vars.auth` and
// `user.id`.
func (c *checker) resourceAt(path []string) (holder, member string) {
	if len(path) > 2 && path[0] == "vars" {
		return "vars." + path[1], strings.Join(path[2:], ".")
	}
	if len(path) > 3 && path[0] == "nodes" {
		if i, ok := c.index[path[1]]; ok && c.f.Nodes[i].Capability != nil && c.f.Nodes[i].SaveMember == path[2] {
			return "nodes." + path[1], strings.Join(path[3:], ".")
		}
	}
	return "", ""
}

// resourceOf names the resource that a variable or a node holds.
func (c *checker) resourceOf(holder string) string {
	root, name, _ := strings.Cut(holder, ".")
	if root == "vars" {
		if v := c.vars[name]; v != nil {
			return strings.TrimPrefix(v.resource, "the resource ")
		}
		return ""
	}
	if i, ok := c.index[name]; ok && c.f.Nodes[i].Capability != nil {
		resource, _ := c.f.Nodes[i].Capability.Spec.Resource()
		return resource
	}
	return ""
}

// holderOf finds the resource whose id a value is.
func (c *checker) holderOf(v *Value, i int) string {
	if v.Expr == nil || v.Expr.Program == nil || len(v.Expr.Program.Reads()) != 1 {
		return ""
	}
	holder, member := c.resourceAt(c.resolveOut(v.Expr.Program.Reads()[0], i))
	if member != "id" || !c.provesByStatus(c.resourceOf(holder)) {
		return ""
	}
	return holder
}

// provesByStatus reports whether a resource proves its user by being COMPLETED.
func (c *checker) provesByStatus(resource string) bool {
	if c.proving == nil {
		c.proving = map[string]bool{}
		if c.lib.Capabilities != nil {
			for _, e := range c.lib.Capabilities.All() {
				if name, _ := e.Spec.Resource(); e.Spec.Proves == connector.ProvesCompleted {
					c.proving[name] = true
				}
			}
		}
	}
	return c.proving[resource] && resource != "" && resource != "user"
}

// completedTest is a condition that a resource is COMPLETED, maybe with another value for
// when it is not there.
var completedTest = regexp.MustCompile(`^\(?\s*((?:vars|nodes|out)(?:\s*\??\.\s*[A-Za-z_][A-Za-z0-9_]*)*)\s*\??\.\s*status\s*(?:\?\?\s*(?:"([^"]*)"|'([^']*)')\s*)?\)?\s*==\s*["']` + statusCompleted + `["']$`)

var pathName = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// refineUsers notes what follows from a condition that holds: the user of a resource that
// is COMPLETED is proven. out is the holder of the resource that `out` is.
func (c *checker) refineUsers(s *userState, source, out string) {
	for _, part := range conjuncts(source) {
		m := completedTest.FindStringSubmatch(part)
		if m == nil || m[2] == statusCompleted || m[3] == statusCompleted {
			continue
		}
		path := append(pathName.FindAllString(m[1], -1), "status")
		holder := out
		switch {
		case path[0] != "out":
			holder, _ = c.resourceAt(path)
		case strings.HasPrefix(out, "nodes."):
			holder, _ = c.resourceAt(append(strings.Split(out, "."), path[1:]...))
		}
		if holder == "" || !c.provesByStatus(c.resourceOf(holder)) {
			continue
		}
		s.prove(holder + "#")
		s.prove(holder + ".user")
	}
}

// conjuncts splits a condition into the parts that all hold when it does; none if it is
// more than parts joined by `and`.
func conjuncts(source string) []string {
	var parts []string
	depth, from, quote := 0, 0, byte(0)
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch b := source[i]; {
		case quote != 0:
			if b == '\\' {
				i++
			} else if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'' || b == '`':
			quote = b
		case strings.IndexByte("([{", b) >= 0:
			depth++
		case strings.IndexByte(")]}", b) >= 0:
			depth--
		case depth > 0:
		case strings.HasPrefix(rest, "||") || wordAt(source, i, "or"):
			return nil
		case b == '?' && (strings.HasPrefix(rest, "??") || strings.HasPrefix(rest, "?.")):
			i++
		case b == '?':
			return nil
		case strings.HasPrefix(rest, "&&") || wordAt(source, i, "and"):
			parts = append(parts, strings.TrimSpace(source[from:i]))
			if from = i + len("and"); b == '&' {
				from = i + len("&&")
			}
			i = from - 1
		}
	}
	return append(parts, strings.TrimSpace(source[from:]))
}

// wordAt reports whether a word of its own stands at a place of a source.
func wordAt(source string, i int, word string) bool {
	if !strings.HasPrefix(source[i:], word) || i > 0 && isNameByte(source[i-1]) {
		return false
	}
	return i+len(word) == len(source) || !isNameByte(source[i+len(word)])
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '.'
}
