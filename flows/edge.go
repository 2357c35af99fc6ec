package flows

import "strconv"

// Edge is one edge of a flow with a name that is its own, by which traces and coverage
// tell edges apart that lead to the same node.
type Edge struct {
	ID    string // "otp.submit", "devices.next.1", "authenticate.next", "check_otp.catch.INVALID_OTP", "catch.else"
	From  string // the node; "" is any node: the flow's own catch
	Route *Route // read only
}

// Edges lists the edges of a parsed flow, in the order of GraphOf.
func Edges(f *Flow) []Edge {
	var list []Edge
	for _, n := range f.Nodes {
		for i := range n.Next {
			list = append(list, Edge{NextEdge(n, i), n.ID, &n.Next[i]})
		}
		for i := range n.Catch {
			list = append(list, Edge{n.ID + "." + CatchEdge(n.Catch[i].On), n.ID, &n.Catch[i]})
		}
	}
	for i := range f.Catch {
		list = append(list, Edge{CatchEdge(f.Catch[i].On), "", &f.Catch[i]})
	}
	return list
}

// NextEdge names the i-th edge under a node's `next`: by its outcome, in a list by its
// place counted from 1, else "next".
func NextEdge(n *Node, i int) string {
	switch {
	case n.Next[i].On != "":
		return n.ID + "." + n.Next[i].On
	case len(n.Next) > 1 || n.Next[i].When != nil:
		return n.ID + ".next." + strconv.Itoa(i+1)
	}
	return n.ID + ".next"
}

// CatchEdge names the edge under the flow's `catch` for a code; under a node's, the
// node's id and a dot stand before it.
func CatchEdge(code string) string { return "catch." + code }
