package store

import (
	"context"
	"sync/atomic"
)

// Stats counts since Open.
type Stats struct {
	Commits   uint64 // units that wrote something
	Records   uint64 // records written or deleted by them
	Bytes     uint64 // their sealed values
	Behind    uint64 // those of the Commits that were made under Background
	Conflicts uint64 // commits that a check refused
	Reruns    uint64 // runs of a unit's function after the first
	Groups    uint64 // durable commits of the store, each for all units that waited; 0 if it does not say
}

// Stats returns the counts so far.
func (db *DB) Stats() Stats {
	s := Stats{
		Commits:   db.count.commits.Load(),
		Records:   db.count.records.Load(),
		Bytes:     db.count.bytes.Load(),
		Conflicts: db.count.conflicts.Load(),
		Reruns:    db.count.reruns.Load(),
		Behind:    db.count.behind.Load(),
	}
	if g, ok := db.store.(interface{ Groups() uint64 }); ok {
		s.Groups = g.Groups()
	}
	return s
}

type counters struct {
	commits, records, bytes, conflicts, reruns, behind atomic.Uint64
}

func (c *counters) committed(ctx context.Context, writes []Write) {
	if IsBackground(ctx) {
		c.behind.Add(1)
	}
	var n int
	for i := range writes {
		n += len(writes[i].Value)
	}
	c.commits.Add(1)
	c.records.Add(uint64(len(writes)))
	c.bytes.Add(uint64(n))
}
