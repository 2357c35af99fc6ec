package store

import (
	"context"
	"strings"
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

// Space is what the store takes on disk, in bytes, and how many of them are free: what
// was deleted is used again, the file does not shrink. Both are 0 if the store does not
// say.
func (db *DB) Space() (size, free int64) {
	if s, ok := db.store.(interface{ Space() (size, free int64) }); ok {
		return s.Space()
	}
	return 0, 0
}

// CountRecords counts the records by kind, the second segment of their keys. It walks
// all keys, some millions a second, and holds up nobody: keep what it gives a while.
func (db *DB) CountRecords(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	count := func(k Key) { counts[kindOf(k)]++ }
	if s, ok := db.store.(interface {
		WalkKeys(ctx context.Context, visit func(Key)) error
	}); ok {
		err := s.WalkKeys(ctx, count)
		return counts, err
	}
	for rec, err := range db.store.Scan(ctx, Range{}) {
		if err != nil {
			return nil, err
		}
		count(rec.Key)
	}
	return counts, nil
}

func kindOf(k Key) string {
	parts := strings.SplitN(string(k), "/", 3)
	if len(parts) < 2 {
		return "system"
	}
	return parts[1]
}
