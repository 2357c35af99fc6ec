package outbox

import (
	"cmp"
	"slices"
	"time"
)

// A channel is a lane of its own: a gateway that is slow for texts delays no mail. In a lane
// the messages of one client to one target are a queue. Targets that are known to be their
// user's go first, but for every fourth turn; then the client for whom least is under way,
// then the one that was served longest ago, and of it the queue. So who fills a lane with a
// thousand messages, or with some that hang, waits for them, and hardly anybody else does.

// othersTurn is how many turns of a lane are for one that is not proven, if there is one.
const othersTurn = 4

// queueLimit is how many rows of a queue are kept in memory; the others are found again
// when it is empty.
const queueLimit = 16

// ticket is what is kept in memory of a row.
type ticket struct {
	id    string
	queue *queue
}

type queueKey struct {
	channel, target, source string
	proven                  bool
}

func keyOf(m Message) queueKey {
	return queueKey{m.Channel, cmp.Or(m.Lane.Target, m.To), m.Lane.Source, m.Lane.Proven}
}

// queue are the rows of one client to one target, oldest first.
type queue struct {
	queueKey
	tickets []*ticket
	more    bool // there are rows beyond queueLimit
}

// plan is what a look at the rows found, less what has been started since.
type plan struct {
	queues []*queue // in the order of their oldest rows
	byKey  map[queueKey]*queue
}

func newPlan() *plan { return &plan{byKey: map[queueKey]*queue{}} }

func (p *plan) add(m row) {
	q := p.byKey[m.queueKey]
	if q == nil {
		q = &queue{queueKey: m.queueKey}
		p.byKey[m.queueKey] = q
		p.queues = append(p.queues, q)
	}
	if len(q.tickets) == queueLimit {
		q.more = true
		return
	}
	q.tickets = append(q.tickets, &ticket{m.id, q})
}

// remove takes a row out. It reports whether rows must be read again to find the next.
func (p *plan) remove(t *ticket) (again bool) {
	q := p.byKey[t.queue.queueKey]
	if q == nil {
		return false
	}
	q.tickets = slices.DeleteFunc(q.tickets, func(o *ticket) bool { return o.id == t.id })
	if len(q.tickets) > 0 {
		return false
	}
	delete(p.byKey, q.queueKey)
	p.queues = slices.DeleteFunc(p.queues, func(o *queue) bool { return o == q })
	return q.more
}

// lanes know what is under way and whose turn it is.
type lanes struct {
	o      Options
	byName map[string]*lane
}

// lane is a channel.
type lane struct {
	flights  []*flight
	underWay map[string]int // client → flights
	turn     int            // counts sendings
	served   map[string]int // client, and client and target → the turn when it was served last
}

// flight is a sending under way.
type flight struct {
	*ticket
	since time.Time
}

func (l *lanes) laneOf(channel string) *lane {
	if l.byName[channel] == nil {
		l.byName[channel] = &lane{underWay: map[string]int{}, served: map[string]int{}}
	}
	return l.byName[channel]
}

// pick chooses the next row to send. Without one it says when to look again, if that is
// known. due says whether a row may be sent now or when.
func (l *lanes) pick(p *plan, now time.Time, due func(id string) (time.Time, bool)) (t *ticket, next time.Time) {
	earlier := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	best := map[*lane][2]*ticket{} // of others and of those that are proven
	for _, q := range p.queues {
		n := l.laneOf(q.channel)
		if n.isFlying(q.target) {
			continue
		}
		t, at := q.first(due)
		if earlier(at); t == nil {
			continue
		}
		free, at := n.hasRoom(l.o, q.proven, now)
		if earlier(at); !free {
			continue
		}
		class := best[n]
		if i := indexOf(q.proven); class[i] == nil || n.isBefore(q, class[i].queue) {
			class[i] = t
		}
		best[n] = class
	}
	for n, class := range best {
		if t := n.choose(class); t != nil {
			return t, time.Time{}
		}
	}
	return nil, next
}

func indexOf(proven bool) int {
	if proven {
		return 1
	}
	return 0
}

// first is the oldest row that may be sent now; else when one may.
func (q *queue) first(due func(id string) (time.Time, bool)) (t *ticket, next time.Time) {
	for _, t := range q.tickets {
		at, now := due(t.id)
		if now {
			return t, time.Time{}
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return nil, next
}

// choose takes one of the two classes.
func (n *lane) choose(class [2]*ticket) *ticket {
	others, proven := class[0], class[1]
	if proven == nil || others != nil && n.turn%othersTurn == othersTurn-1 {
		return others
	}
	return proven
}

// isBefore reports whether a queue waits longer for its turn than another.
func (n *lane) isBefore(a, b *queue) bool {
	if x, y := n.underWay[a.source], n.underWay[b.source]; x != y {
		return x < y
	}
	if x, y := n.served[a.source], n.served[b.source]; x != y {
		return x < y
	}
	return n.served[a.source+"\n"+a.target] < n.served[b.source+"\n"+b.target]
}

// isFlying reports whether something is being sent to a target: one at a time is enough, and
// keeps the order.
func (n *lane) isFlying(target string) bool {
	return slices.ContainsFunc(n.flights, func(f *flight) bool { return f.queue.target == target })
}

// hasRoom reports whether one more may be sent: of what has not turned out to be slow there
// are Parallel at once, of all MaxUnderWay. What is not proven gets half of both. Without
// room, next is when a sending turns out to be slow and makes room.
func (n *lane) hasRoom(o Options, proven bool, now time.Time) (room bool, next time.Time) {
	room, next = n.hasRoomFor(o.Parallel, o.MaxUnderWay, o.Slow, now, func(*flight) bool { return true })
	if room && !proven {
		return n.hasRoomFor((o.Parallel+1)/2, (o.MaxUnderWay+1)/2, o.Slow, now, func(f *flight) bool { return !f.queue.proven })
	}
	return room, next
}

func (n *lane) hasRoomFor(fast, all int, slow time.Duration, now time.Time, counts func(*flight) bool) (room bool, next time.Time) {
	for _, f := range n.flights {
		if !counts(f) {
			continue
		}
		all--
		if at := f.since.Add(slow); at.After(now) {
			fast--
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	switch {
	case all <= 0:
		return false, time.Time{}
	case fast <= 0:
		return false, next
	}
	return true, time.Time{}
}

// start notes a sending.
func (l *lanes) start(t *ticket, now time.Time) {
	n := l.laneOf(t.queue.channel)
	n.turn++
	n.served[t.queue.source], n.served[t.queue.source+"\n"+t.queue.target] = n.turn, n.turn
	n.flights = append(n.flights, &flight{t, now})
	n.underWay[t.queue.source]++
}

// end forgets a sending.
func (l *lanes) end(t *ticket) {
	n := l.laneOf(t.queue.channel)
	n.flights = slices.DeleteFunc(n.flights, func(f *flight) bool { return f.ticket == t })
	if n.underWay[t.queue.source]--; n.underWay[t.queue.source] == 0 {
		delete(n.underWay, t.queue.source)
	}
}

// forget drops what is known of clients and targets that have no rows.
func (l *lanes) forget(p *plan) {
	for name, n := range l.byName {
		served := map[string]int{}
		for _, q := range p.queues {
			if q.channel == name {
				for _, k := range []string{q.source, q.source + "\n" + q.target} {
					served[k] = n.served[k]
				}
			}
		}
		n.served = served
	}
}
