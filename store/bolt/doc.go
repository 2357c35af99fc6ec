// Package bolt is the store.Store of a single node: one bbolt file, and beside it a
// small witness file.
//
// Commits go in groups. Who finds nobody committing becomes the leader and takes
// whatever waits, people before sweepers; it checks each unit against the state that
// the ones before it leave, copies their writes and makes them durable with one bbolt
// transaction; then it passes the lead on and answers. There is no timer, so an idle
// store adds no latency, and a unit that conflicts or is refused fails alone.
//
//	Commit ─┐                        ┌─ ErrConflict (its checks did not hold)
//	Commit ─┼─► queue ─► leader ─────┼─ nil (durable)
//	Commit ─┘            one fsync   └─ ErrUnknown (and the store stops)
//
// A bbolt commit that fails is often visible afterwards, so it is answered as unknown
// and nothing is served after it. For the same reason a read never shows what is not
// yet durable: it waits for the commit under way if it saw something of it.
//
// The file has two buckets: data, with the records, and meta, with the format and the
// revision counter. Each value has its revision and a sum of the whole before it. Open
// reads all pages in use and refuses a file with a damaged one: bbolt itself would end
// the process, or not notice.
//
// The witness tells that an older copy of the file was put back (Restored). It holds the
// last revision, written without fsync after each group, which a killed process does not
// lose, and the birth time of the file, which a copy does not share. Copying both files
// back in place, over the old ones, cannot be told from an ordinary start: leave the
// witness out of backups.
package bolt
