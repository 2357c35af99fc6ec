package activity

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// page is what a list found. last is the id of the last activity that it passed, from
// which the next page goes on if there may be more.
type page struct {
	found []Activity
	last  string
	more  bool
}

// collect finds up to limit activities older than the one with the id before.
func (s *Activities) collect(c *rest.Call, f scim.Filter, limit int, before string) (page, error) {
	p := page{found: []Activity{}, last: before}
	record, n, going := split(before)
	looked := 0
	for rec, err := range backwards(c, f, record) {
		if err != nil {
			return p, err
		}
		all, err := activities(c, rec)
		if err != nil {
			return p, err
		}
		if going && rec.Key == audit.Key(c.Env, record) {
			if all = all[:min(n, len(all))]; len(all) == 0 {
				continue
			}
		}
		for _, a := range slices.Backward(all) {
			match := f.Match(a.attributes)
			if match && len(p.found) == limit {
				p.more = true
				return p, nil
			}
			if match {
				p.found = append(p.found, a)
			}
			if len(p.found) < limit || match {
				p.last = a.ID
			}
		}
		if looked++; looked == s.ScanLimit {
			p.more = true
			return p, nil
		}
	}
	return p, nil
}

// slack is how far an event's time may lie from that of its record's id: a unit of work
// takes its time and its ids one after the other, and clocks go back.
const slack = time.Minute

// windowSize is how many records a window is meant to have, at most.
const windowSize = 512

// backwards yields the records up to the one with the id last ("" is the newest), newest
// first, as far back as the filter can match.
func backwards(c *rest.Call, f scim.Filter, last string) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		w, err := bounds(c, f, last)
		for err == nil && w.next() {
			var recs []store.Record
			recs, err = w.read(c)
			for _, rec := range slices.Backward(recs) {
				if (last == "" || rec.Key <= audit.Key(c.Env, last)) && !yield(rec, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(store.Record{}, fmt.Errorf("read the audit: %w", err))
		}
	}
}

// widest is the longest window.
const widest = 365 * 24 * time.Hour

// window goes back in time.
type window struct {
	oldest   time.Time
	from, to time.Time
	span     time.Duration
}

// bounds finds where to begin and where to end; what there is to end at is the oldest
// record.
func bounds(c *rest.Call, f scim.Filter, last string) (*window, error) {
	first, err := peek(c, time.Time{})
	if err != nil || first == "" {
		return nil, err
	}
	w := &window{span: time.Minute, oldest: audit.TimeOf(first)}
	if w.from, err = end(c); err != nil {
		return nil, err
	}
	if last != "" {
		w.begin(audit.TimeOf(audit.Key(c.Env, last)).Add(time.Millisecond))
	}
	from, to := f.Bounds("recordedat")
	if !to.IsZero() {
		w.begin(to.Add(slack))
	}
	if from = from.Add(-slack); from.After(w.oldest) {
		w.oldest = from
	}
	return w, nil
}

// begin makes the first window end no later than at.
func (w *window) begin(at time.Time) {
	if at.Before(w.from) {
		w.from = at
	}
}

// peek finds the first record from a time on; "" for none.
func peek(c *rest.Call, from time.Time) (store.Key, error) {
	r := audit.Between(c.Env, from, time.Time{})
	r.Limit = 1
	key := store.Key("")
	for rec, err := range c.DB.Scan(c.Ctx, r) {
		if err != nil {
			return "", err
		}
		key = rec.Key
	}
	return key, nil
}

// end finds a time that no record is younger than. That is now, unless the clock went back.
func end(c *rest.Call) (time.Time, error) {
	at := c.Tx.Now().Add(slack)
	for step := slack; ; step = min(4*step, widest) {
		if key, err := peek(c, at); err != nil || key == "" {
			return at, err
		}
		at = at.Add(step)
	}
}

// next moves to the window before; false when there is none.
func (w *window) next() bool {
	if w == nil || !w.from.After(w.oldest) {
		return false
	}
	w.to = w.from
	w.open()
	return true
}

// open sets the beginning from the span.
func (w *window) open() {
	w.from = w.to.Add(-w.span)
	if w.from.Before(w.oldest) {
		w.from = w.oldest
	}
}

// read reads the window, narrowing it while it has too many records.
func (w *window) read(c *rest.Call) ([]store.Record, error) {
	for {
		r := audit.Between(c.Env, w.from, w.to)
		narrow := w.span > time.Millisecond
		if narrow {
			r.Limit = windowSize + 1
		}
		var recs []store.Record
		for rec, err := range c.DB.Scan(c.Ctx, r) {
			if err != nil {
				return nil, err
			}
			recs = append(recs, rec)
		}
		if narrow && len(recs) > windowSize {
			w.span = max(w.span/8, time.Millisecond)
			w.open()
			continue
		}
		if len(recs) < windowSize/4 {
			w.span = min(4*w.span, widest)
		}
		return recs, nil
	}
}
