package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store/outbox"
)

// gate is a gateway that sends one message each time that the test lets it.
type gate struct {
	*world
	pass chan struct{}
}

func newGate(t *testing.T, o outbox.Options, ms ...outbox.Message) *gate {
	g := &gate{world: newWorld(t), pass: make(chan struct{})}
	g.got = make(chan outbox.Message, 2000)
	o.After = never
	g.add(t, ms...)
	start(t, outbox.New(g.DB, "env", func(ctx context.Context, m outbox.Message) error {
		select {
		case <-g.pass:
			return g.send(ctx, m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}, o))
	return g
}

// letOnePass lets one message pass and says which it was.
func (g *gate) letOnePass() string {
	g.pass <- struct{}{}
	return (<-g.got).Text
}

// lane is a text message of a client to a target.
func lane(source, target, text string, proven bool) outbox.Message {
	return outbox.Message{Channel: "SMS", To: "+" + target, Text: text, Lane: outbox.Lane{Target: target, Source: source, Proven: proven}}
}

// pumpMessages makes messages of one client: to as many targets, or all to one.
func pumpMessages(n int, target func(i int) string) []outbox.Message {
	ms := make([]outbox.Message, n)
	for i := range ms {
		ms[i] = lane("mallory", target(i), fmt.Sprint("pumped ", i), false)
	}
	return ms
}

func oneTarget(int) string { return "victim" }

func manyTargets(i int) string { return fmt.Sprint("number ", i) }

// A user's code is sent at the next turn, however many messages wait that somebody else
// caused: to one target or to many.
func TestAProvenTargetIsNext(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(int) string{"one target": oneTarget, "many targets": manyTargets} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, outbox.Options{Parallel: 1}, pumpMessages(1000, target)...)
			g.letOnePass()
			g.add(t, lane("ann", "ann", "code of ann", true))
			sent := []string{g.letOnePass(), g.letOnePass(), g.letOnePass()} // one is under way when it comes, one may have its turn
			if !slices.Contains(sent, "code of ann") {
				t.Errorf("sent %q before the code", sent)
			}
		})
	}
}

// Clients take turns, and so do the targets of one: each waits for one message of each
// other, not for all.
func TestClientsAndTargetsTakeTurns(t *testing.T) {
	t.Parallel()
	g := newGate(t, outbox.Options{Parallel: 1}, pumpMessages(1000, manyTargets)...)
	g.letOnePass()
	g.add(t, lane("ben", "ben", "to ben", false), lane("cid", "cid", "to cid", false))
	sent := []string{g.letOnePass(), g.letOnePass(), g.letOnePass(), g.letOnePass()}
	for _, want := range []string{"to ben", "to cid"} {
		if !slices.Contains(sent, want) {
			t.Errorf("sent %q, want %q among them", sent, want)
		}
	}

	one := newGate(t, outbox.Options{Parallel: 1}, pumpMessages(1000, oneTarget)...)
	one.letOnePass()
	one.add(t, lane("mallory", "office", "to the office", false))
	if sent := []string{one.letOnePass(), one.letOnePass(), one.letOnePass()}; !slices.Contains(sent, "to the office") {
		t.Errorf("sent %q, want another target of the client among them", sent)
	}
}

// Targets that are not proven have every fourth turn, while others have so much to send.
func TestOthersAreNotStarved(t *testing.T) {
	t.Parallel()
	var ms []outbox.Message
	for i := range 100 {
		ms = append(ms, lane("office", fmt.Sprint(i), fmt.Sprint("proven ", i), true))
	}
	for i := range 10 {
		ms = append(ms, lane("office", fmt.Sprint("new ", i), fmt.Sprint("other ", i), false))
	}
	g := newGate(t, outbox.Options{Parallel: 1}, ms...)
	others := 0
	for range 40 {
		if strings.HasPrefix(g.letOnePass(), "other") {
			others++
		}
	}
	if others != 10 {
		t.Errorf("%d of 40 turns for the ten others, want each fourth", others)
	}
}

// A queue that is longer than what is kept in memory of it goes out whole and in order.
func TestALongQueueIsSentInOrder(t *testing.T) {
	t.Parallel()
	const n = 100
	g := newGate(t, outbox.Options{}, pumpMessages(n, oneTarget)...)
	for i := range n {
		if got, want := g.letOnePass(), fmt.Sprint("pumped ", i); got != want {
			t.Fatalf("sent %q, want %q", got, want)
		}
	}
}

// slowGateway never answers for some targets, and counts what it was given at once.
type slowGateway struct {
	*world
	slow func(outbox.Message) bool

	lock      sync.Mutex
	underWay  map[string]int // by target
	most, all int
}

func (g *slowGateway) carry(ctx context.Context, m outbox.Message) error {
	if !g.slow(m) {
		return g.send(ctx, m)
	}
	g.lock.Lock()
	g.underWay[m.Lane.Target]++
	g.all++
	g.most = max(g.most, g.underWay[m.Lane.Target])
	g.lock.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

func (g *slowGateway) counts() (most, all int) {
	g.lock.Lock()
	defer g.lock.Unlock()
	return g.most, g.all
}

// newSlowGateway answers for no number to which a text that begins with slow goes.
func newSlowGateway(t *testing.T) *slowGateway {
	return &slowGateway{world: newWorld(t), underWay: map[string]int{},
		slow: func(m outbox.Message) bool { return strings.HasPrefix(m.Text, "slow") }}
}

// pumpSlow adds messages to numbers for which the gateway does not answer.
func (g *slowGateway) pumpSlow(t *testing.T, n int, proven bool) {
	for i := range n {
		g.add(t, lane("mallory", fmt.Sprint("slow ", i), fmt.Sprint("slow ", i), proven))
	}
}

// await takes what is sent until n messages of the text came.
func (g *slowGateway) await(text string, n int) {
	for n > 0 {
		if m := <-g.got; m.Text == text {
			n--
		}
	}
}

// A gateway that does not answer for some numbers holds up no mail: no time passes at all.
func TestASlowNumberHoldsUpNoMail(t *testing.T) {
	t.Parallel()
	g := newSlowGateway(t)
	g.pumpSlow(t, 200, true)
	for i := range 30 {
		g.add(t, textTo(fmt.Sprint("good", i), "mail"))
	}
	start(t, outbox.New(g.DB, "env", g.carry, outbox.Options{Parallel: 4, After: never}))
	g.await("mail", 30)
}

// Nor does it hold up the numbers of another client: no time passes either.
func TestASlowNumberHoldsUpNoOtherClient(t *testing.T) {
	t.Parallel()
	for _, proven := range []bool{true, false} {
		t.Run(fmt.Sprint("proven ", proven), func(t *testing.T) {
			t.Parallel()
			g := newSlowGateway(t)
			g.pumpSlow(t, 40, proven)
			for i := range 20 {
				g.add(t, lane("ann", fmt.Sprint("good ", i), "good", proven))
			}
			start(t, outbox.New(g.DB, "env", g.carry, outbox.Options{Parallel: 4, After: never}))
			g.await("good", 20)
		})
	}
}

// Where each slow number is another client's, the others wait until as many turned out to be
// slow: a second for each round.
func TestSlowNumbersMakeRoom(t *testing.T) {
	t.Parallel()
	g := newSlowGateway(t)
	for i := range 20 {
		g.add(t, lane(fmt.Sprint("client ", i), fmt.Sprint("slow ", i), fmt.Sprint("slow ", i), true))
	}
	for i := range 20 {
		g.add(t, lane(fmt.Sprint("other ", i), fmt.Sprint("good ", i), "good", true))
	}
	waits, fire := make(chan time.Duration, 100), make(chan time.Time)
	start(t, outbox.New(g.DB, "env", g.carry, outbox.Options{Parallel: 4, Slow: time.Second, After: func(d time.Duration) <-chan time.Time {
		waits <- d
		return fire
	}}))
	for range 20 / 4 {
		if d := <-waits; d != time.Second {
			t.Errorf("waits %v, want a second", d)
		}
		g.advance(time.Second)
		fire <- time.Time{}
	}
	g.await("good", 20)
}

// Of one target one message is under way, however many wait; and of what is slow no more
// than MaxUnderWay, of which targets that are not proven have half.
func TestWhatIsSlowIsBounded(t *testing.T) {
	t.Parallel()
	g := newSlowGateway(t)
	for i := range 60 {
		g.add(t, lane("mallory", fmt.Sprint(i%20), fmt.Sprint("slow ", i), false))
	}
	full := make(chan struct{}, 100)
	start(t, outbox.New(g.DB, "env", g.carry, outbox.Options{Parallel: 4, MaxUnderWay: 8, After: func(d time.Duration) <-chan time.Time {
		g.advance(d)
		fire := make(chan time.Time, 1)
		fire <- time.Time{}
		full <- struct{}{}
		return fire
	}}))
	<-full // the two that may be under way, and the clock is moved so that they are slow
	for i := range 5 {
		code := fmt.Sprint("code ", i)
		g.add(t, lane("ann", fmt.Sprint("ann ", i), code, true))
		g.await(code, 1)
	}
	if most, all := g.counts(); most != 1 || all > 4 {
		t.Errorf("%d under way at once to one target and %d at all, want 1 and at most 4", most, all)
	}
}
