package flowtest

import (
	"time"

	"github.com/mfaflow/mfaflow/flows"
)

// Language is the version of the format that this package reads.
const Language = "flowtest/v1"

// file is a test file as read.
type file struct {
	name      string
	doc       *flows.Document
	flow      string
	flowPos   flows.Pos
	given     given
	tests     []*Test
	mocks     []*mock
	uncovered []excuse
}

// excuse is why no test takes an edge.
type excuse struct {
	flows.Pos
	edge, reason string
}

// given is the world before a test.
type given struct {
	policy    map[string]any // changes to P0
	policyPos flows.Pos
	users     []user
}

// user is one of given.users.
type user struct {
	flows.Pos
	name string
	data map[string]any
}

// with is g changed by what a test says itself.
func (g given) with(own given) given {
	out := given{policy: g.policy, policyPos: g.policyPos, users: append([]user{}, g.users...)}
	if own.policy != nil {
		out.policy, out.policyPos = own.policy, own.policyPos
	}
	for _, u := range own.users {
		replaced := false
		for i := range out.users {
			if out.users[i].name == u.name {
				out.users[i], replaced = u, true
			}
		}
		if !replaced {
			out.users = append(out.users, u)
		}
	}
	return out
}

// Test is one scenario of a file.
type Test struct {
	Name string
	Line int

	start stepData // what the test begins with
	given given
	steps []step
	mocks []*mock
}

// crashes reports whether the test needs a store that outlives a crash.
func (t *Test) crashes() bool {
	for _, s := range t.steps {
		if s.kind == crash {
			return true
		}
	}
	return false
}

// kind says what a step does.
type kind string

// The kinds of steps; the key of that name makes a step one.
const (
	see     kind = "see"
	act     kind = "act"
	again   kind = "again"
	start   kind = "start"
	end     kind = "end"
	clock   kind = "clock"
	crash   kind = "crash"
	cancel  kind = "cancel"
	scan    kind = "scan"
	passkey kind = "passkey"
	pair    kind = "pair"
	push    kind = "push"
	qr      kind = "qr"
	run     kind = "do"
	rule    kind = "policy"
	expect  kind = "expect"
)

// What people's devices do in a step.
const (
	creates  = "create" // passkey
	uses     = "get"
	copies   = "copy"
	approves = "approve" // push, qr
	denies   = "deny"
	looks    = "look" // qr
	claims   = "claim"
)

// step is one step of a test.
type step struct {
	flows.Pos
	kind kind
	name string    // see: screen; act: action; end: outcome; start: flow; do: capability; else what the device does
	at   flows.Pos // of name

	stepData
	message string // see
	code    string // of the error, where a step has `error`
	refused string // act, again
	fields  []string
	stale   bool   // act: with the token of the step before
	after   string // crash: the node, "" for here and now
	moves   time.Duration
	policy  map[string]any
	expect  []*flows.Expr

	text       flows.Value // what the device reads
	device     string      // the authenticator or the phone; "" if any will do
	as         string      // passkey: copy
	origin     flows.Value // passkey
	unverified bool        // passkey
	lax        bool        // passkey
	number     flows.Value // push
}

// stepData is what a step gives.
type stepData struct {
	inputs  []flows.Member // start; do: with
	form    []flows.Member
	client  []flows.Member
	request []flows.Member
	browser string // act, start: another one than usual
}
