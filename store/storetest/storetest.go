// Package storetest is what a store.Store must pass: Run, RunConcurrent, RunCrash for one
// that survives its process, and Bench.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) store.Store { return memory.New() })
//	}
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/store"
)

// Open gives a fresh, empty store to each test and closes it in the test's cleanup.
type Open func(t testing.TB) store.Store

// Run tests the contract of the port, one sentence a sub-test.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"an absent record has revision 0":              testAbsent,
		"what was committed is read":                   testCommitGet,
		"an empty value is a value":                    testEmptyValue,
		"nil deletes":                                  testDelete,
		"all checks hold or nothing is written":        testChecks,
		"checks alone write nothing":                   testChecksAlone,
		"revisions rise and never return":              testRevisions,
		"writes without checks always win":             testBlind,
		"a key must have 1 to MaxKey bytes":            testKeys,
		"a range is from inclusive, to exclusive":      testScanRange,
		"a limit limits":                               testScanLimit,
		"a scan of many pages is whole":                testScanPages,
		"the body of a scan may commit":                testScanCommit,
		"a scan can be left":                           testScanBreak,
		"the store keeps its own copy":                 testCopies,
		"an ended context changes nothing":             testContext,
		"a closed store says that it stopped":          testClosed,
		"a big value comes back":                       testBigValue,
		"the last of two writes to one key is the one": testTwice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func key(i int) store.Key { return store.Key(fmt.Sprintf("e/%05d", i)) }

// put commits values without checks: put(t, s, "k", "v", …).
func put(t testing.TB, s store.Store, kv ...string) {
	t.Helper()
	var writes []store.Write
	for i := 0; i < len(kv); i += 2 {
		writes = append(writes, store.Write{Key: store.Key(kv[i]), Value: []byte(kv[i+1])})
	}
	if err := s.Commit(t.Context(), nil, writes); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

func get(t testing.TB, s store.Store, k store.Key) store.Record {
	t.Helper()
	recs, err := s.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return recs[0]
}

// scan gives the keys of a range.
func scan(t testing.TB, s store.Store, r store.Range) []store.Key {
	t.Helper()
	keys := []store.Key{}
	for rec, err := range s.Scan(t.Context(), r) {
		if err != nil {
			t.Fatalf("Scan: %v", err)
		}
		keys = append(keys, rec.Key)
	}
	return keys
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func testAbsent(t *testing.T, s store.Store) {
	if rec := get(t, s, "e/x"); rec.Rev != 0 || rec.Value != nil || rec.Key != "e/x" {
		t.Errorf("got %+v", rec)
	}
}

func testCommitGet(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1", "e/b", "2")
	recs, err := s.Get(t.Context(), "e/b", "e/x", "e/a", "e/b")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range recs {
		got = append(got, fmt.Sprintf("%s=%s,%v", r.Key, r.Value, r.Rev > 0))
	}
	if diff := cmp.Diff([]string{"e/b=2,true", "e/x=,false", "e/a=1,true", "e/b=2,true"}, got); diff != "" {
		t.Error(diff)
	}
}

func testEmptyValue(t *testing.T, s store.Store) {
	put(t, s, "e/a", "")
	if rec := get(t, s, "e/a"); rec.Rev == 0 || len(rec.Value) != 0 {
		t.Errorf("got %+v", rec)
	}
}

func testDelete(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	for range 2 { // the second finds nothing, which is no error
		if err := s.Commit(t.Context(), nil, []store.Write{{Key: "e/a"}}); err != nil {
			t.Fatal(err)
		}
	}
	if rec := get(t, s, "e/a"); rec.Rev != 0 {
		t.Errorf("got %+v", rec)
	}
	if keys := scan(t, s, store.Range{}); len(keys) != 0 {
		t.Errorf("scan finds %q", keys)
	}
}

func testChecks(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	rev := get(t, s, "e/a").Rev
	writes := []store.Write{{Key: "e/a", Value: []byte("2")}, {Key: "e/b", Value: []byte("2")}}
	for _, checks := range [][]store.Check{
		{{Key: "e/a", Rev: rev + 1}},
		{{Key: "e/a", Rev: 0}},
		{{Key: "e/x", Rev: rev}},
		{{Key: "e/a", Rev: rev}, {Key: "e/x", Rev: 1}},
	} {
		wantErr(t, s.Commit(t.Context(), checks, writes), store.ErrConflict)
	}
	if a, b := get(t, s, "e/a"), get(t, s, "e/b"); string(a.Value) != "1" || a.Rev != rev || b.Rev != 0 {
		t.Errorf("a conflict wrote: %+v %+v", a, b)
	}
	err := s.Commit(t.Context(), []store.Check{{Key: "e/a", Rev: rev}, {Key: "e/b", Rev: 0}}, writes)
	if err != nil {
		t.Fatal(err)
	}
	if a := get(t, s, "e/a"); string(a.Value) != "2" || a.Rev <= rev {
		t.Errorf("got %+v", a)
	}
}

func testChecksAlone(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	rev := get(t, s, "e/a").Rev
	if err := s.Commit(t.Context(), []store.Check{{Key: "e/a", Rev: rev}, {Key: "e/x", Rev: 0}}, nil); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Commit(t.Context(), []store.Check{{Key: "e/a", Rev: 0}}, nil), store.ErrConflict)
	if a := get(t, s, "e/a"); a.Rev != rev {
		t.Errorf("the revision moved: %+v", a)
	}
}

func testRevisions(t *testing.T, s store.Store) {
	var last uint64
	for i := range 10 {
		put(t, s, "e/a", "same")
		rev := get(t, s, "e/a").Rev
		if rev <= last {
			t.Fatalf("round %d: revision %d after %d", i, rev, last)
		}
		last = rev
		if err := s.Commit(t.Context(), nil, []store.Write{{Key: "e/a"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func testBlind(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	put(t, s, "e/a", "2")
	if a := get(t, s, "e/a"); string(a.Value) != "2" {
		t.Errorf("got %q", a.Value)
	}
}

func testKeys(t *testing.T, s store.Store) {
	for _, k := range []store.Key{"", store.Key(bytes.Repeat([]byte("k"), store.MaxKey+1))} {
		err := s.Commit(t.Context(), nil, []store.Write{{Key: "e/a", Value: []byte("1")}, {Key: k, Value: []byte("1")}})
		if err == nil || errors.Is(err, store.ErrUnknown) {
			t.Errorf("a key of %d bytes: %v", len(k), err)
		}
	}
	if a := get(t, s, "e/a"); a.Rev != 0 {
		t.Error("the neighbour of a bad key was written")
	}
	put(t, s, string(bytes.Repeat([]byte("k"), store.MaxKey)), "1")
}

func testScanRange(t *testing.T, s store.Store) {
	put(t, s, "e/b", "", "e/a", "", "e/c", "", "e/bb", "", "f", "", "e", "")
	for _, c := range []struct {
		r    store.Range
		want []store.Key
	}{
		{store.Range{}, []store.Key{"e", "e/a", "e/b", "e/bb", "e/c", "f"}},
		{store.Range{From: "e/b", To: "e/c"}, []store.Key{"e/b", "e/bb"}},
		{store.Range{From: "e/b0"}, []store.Key{"e/bb", "e/c", "f"}},
		{store.Under("e/"), []store.Key{"e/a", "e/b", "e/bb", "e/c"}},
		{store.Under("e/b"), []store.Key{"e/b", "e/bb"}},
		{store.Range{From: "x"}, []store.Key{}},
		{store.Range{From: "e/c", To: "e/a"}, []store.Key{}},
	} {
		if diff := cmp.Diff(c.want, scan(t, s, c.r)); diff != "" {
			t.Errorf("%+v: %s", c.r, diff)
		}
	}
}

func testScanLimit(t *testing.T, s store.Store) {
	fill(t, s, 200)
	for _, limit := range []int{1, 63, 64, 65, 128, 199, 200, 201} {
		if n := len(scan(t, s, store.Range{Limit: limit})); n != min(limit, 200) {
			t.Errorf("limit %d gave %d", limit, n)
		}
	}
}

func testScanPages(t *testing.T, s store.Store) {
	fill(t, s, 1000)
	keys := scan(t, s, store.Under("e/"))
	if len(keys) != 1000 || !slices.IsSorted(keys) || len(slices.Compact(keys)) != 1000 {
		t.Errorf("%d keys", len(keys))
	}
}

func fill(t testing.TB, s store.Store, n int) {
	t.Helper()
	var kv []string
	for i := range n {
		kv = append(kv, string(key(i)), "v")
	}
	put(t, s, kv...)
}

func testScanCommit(t *testing.T, s store.Store) {
	fill(t, s, 300)
	for rec, err := range s.Scan(t.Context(), store.Under("e/")) {
		if err != nil {
			t.Fatal(err)
		}
		writes := []store.Write{{Key: rec.Key}, {Key: "f" + rec.Key, Value: rec.Value}}
		if err := s.Commit(t.Context(), []store.Check{{Key: rec.Key, Rev: rec.Rev}}, writes); err != nil {
			t.Fatal(err)
		}
	}
	if n, m := len(scan(t, s, store.Under("e/"))), len(scan(t, s, store.Under("fe/"))); n != 0 || m != 300 {
		t.Errorf("%d left, %d moved", n, m)
	}
}

func testScanBreak(t *testing.T, s store.Store) {
	fill(t, s, 100)
	for range s.Scan(t.Context(), store.Range{}) {
		break
	}
	put(t, s, "e/a", "1") // would hang on a transaction left open, as would the close
}

func testCopies(t *testing.T, s store.Store) {
	value := []byte("right")
	if err := s.Commit(t.Context(), nil, []store.Write{{Key: "e/a", Value: value}}); err != nil {
		t.Fatal(err)
	}
	copy(value, "wrong")
	rec := get(t, s, "e/a")
	put(t, s, "e/a", "other", "e/b", "more")
	if string(rec.Value) != "right" {
		t.Errorf("the record changed to %q", rec.Value)
	}
}

func testClosed(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), "e/a")
	wantErr(t, err, store.ErrStopped)
	wantErr(t, s.Commit(t.Context(), nil, []store.Write{{Key: "e/a"}}), store.ErrStopped)
	wantErr(t, s.Commit(t.Context(), []store.Check{{Key: "e/a"}}, nil), store.ErrStopped)
	for _, err := range s.Scan(t.Context(), store.Range{}) {
		wantErr(t, err, store.ErrStopped)
	}
}

func testBigValue(t *testing.T, s store.Store) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	put(t, s, "e/a", string(big), "e/b", "small", "e/c", string(big))
	if rec := get(t, s, "e/c"); !bytes.Equal(rec.Value, big) {
		t.Errorf("%d bytes came back", len(rec.Value))
	}
	if keys := scan(t, s, store.Range{}); len(keys) != 3 {
		t.Errorf("scan gave %q", keys)
	}
}

func testTwice(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1", "e/a", "2")
	if a := get(t, s, "e/a"); string(a.Value) != "2" {
		t.Errorf("got %q", a.Value)
	}
}
