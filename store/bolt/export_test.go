package bolt

import "go.etcd.io/bbolt"

// OnCommit replaces the durable commit of a store that is idle.
func (s *Store) OnCommit(fn func(tx *bbolt.Tx) error) { s.commit = fn }

// Waiting counts the units in the queue.
func (s *Store) Waiting() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.people) + len(s.queue.sweepers)
}
