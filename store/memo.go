package store

import (
	"bytes"
	"time"
)

// memo is what a unit has been given by chance, the clock or at great cost. It is the
// same in every run, so that a re-run does not send another code or hash once more.
type memo struct {
	now     time.Time
	ids     []string
	randoms [][]byte
	once    map[string]any
	inOnce  int // functions of Once under way
}

// clock needs unit.mu.
func (u *unit) clock(r *run) time.Time {
	if u.memo.now.IsZero() {
		u.memo.now = u.db.opts.Now()
	}
	if r.newest.After(u.memo.now) {
		u.memo.now = r.newest
	}
	return u.memo.now
}

// NewID gives a UUIDv7, greater than all that this DB gave before. The n-th call of a
// unit gives the same in every run.
func (tx *Tx) NewID() string {
	u, r := tx.unit, tx.run
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.memo.inOnce > 0 {
		return u.db.ids.next() // kept by Once, if at all: it must not shift the others
	}
	r.ids++
	if r.ids > len(u.memo.ids) {
		u.memo.ids = append(u.memo.ids, u.db.ids.next())
	}
	return u.memo.ids[r.ids-1]
}

// Random gives n random bytes. The n-th call of a unit gives the same in every run, as
// long as it asks for the same number.
func (tx *Tx) Random(n int) []byte {
	u, r := tx.unit, tx.run
	u.mu.Lock()
	defer u.mu.Unlock()
	p := make([]byte, n)
	mustRead := func() []byte { mustRead(u.db.opts.Rand, p); return p }
	if u.memo.inOnce > 0 {
		return mustRead()
	}
	r.randoms++
	i := r.randoms - 1
	if i == len(u.memo.randoms) {
		u.memo.randoms = append(u.memo.randoms, mustRead())
	} else if len(u.memo.randoms[i]) != n {
		u.memo.randoms[i] = mustRead()
	}
	return bytes.Clone(u.memo.randoms[i])
}

// Once runs fn and gives its result again for the same name in every later call and run
// of the unit: for what is costly (a password hash) or must not happen twice. An error
// is returned and not kept. What fn does with the unit itself is not repeated, so it
// should only compute.
func (tx *Tx) Once(name string, fn func() (any, error)) (any, error) {
	u := tx.unit
	u.mu.Lock()
	v, ok := u.memo.once[name]
	if ok {
		u.mu.Unlock()
		return v, nil
	}
	u.memo.inOnce++
	u.mu.Unlock()

	defer func() {
		u.mu.Lock()
		u.memo.inOnce--
		u.mu.Unlock()
	}()
	v, err := fn()
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.memo.once == nil {
		u.memo.once = map[string]any{}
	}
	u.memo.once[name] = v
	return v, nil
}
