package store

import (
	"slices"
	"time"
)

// run is what one run of a unit's function has read and written. Joined units share it.
type run struct {
	reads     map[Key]Record // as first read, values opened
	snapshots int            // reads of the store that filled it
	newest    time.Time      // commit time of the youngest record read

	writes []Write
	index  map[Key]int // into writes
	after  []func()

	ids, randoms int // calls so far, which index the unit's memo
	misuse       error
	done         bool
}

func newRun() *run { return &run{reads: map[Key]Record{}, index: map[Key]int{}} }

// unknown gives those of keys that were neither read nor written.
func (r *run) unknown(keys []Key) []Key {
	var list []Key
	for _, k := range keys {
		if _, written := r.index[k]; written {
			continue
		}
		if _, read := r.reads[k]; !read {
			list = append(list, k)
		}
	}
	return list
}

func (r *run) known(k Key) Record {
	rec := r.reads[k]
	i, written := r.index[k]
	switch {
	case !written:
		return rec
	case r.writes[i].Value == nil:
		return Record{Key: k}
	case rec.Rev == 0:
		return Record{Key: k, Value: r.writes[i].Value, Rev: newRev}
	default:
		return Record{Key: k, Value: r.writes[i].Value, Rev: rec.Rev}
	}
}

func (r *run) put(w Write) {
	if i, ok := r.index[w.Key]; ok {
		r.writes[i] = w
		return
	}
	r.index[w.Key] = len(r.writes)
	r.writes = append(r.writes, w)
}

// savepoint is what a joined unit that fails goes back to. Reads are not part of it:
// what was decided on them stays decided.
type savepoint struct {
	writes []Write
	after  int
}

func (r *run) save() savepoint { return savepoint{slices.Clone(r.writes), len(r.after)} }

func (r *run) restore(s savepoint) {
	r.writes = s.writes
	clear(r.index)
	for i, w := range r.writes {
		r.index[w.Key] = i
	}
	clear(r.after[s.after:])
	r.after = r.after[:s.after]
}

func (r *run) checks() []Check {
	checks := make([]Check, 0, len(r.reads))
	for k, rec := range r.reads {
		checks = append(checks, Check{Key: k, Rev: rec.Rev})
	}
	return checks
}
