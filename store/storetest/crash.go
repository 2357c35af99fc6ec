package storetest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/store"
)

// crashDir tells a child process of RunCrash where its store is.
const crashDir = "STORETEST_CRASH_DIR"

const (
	writers = 8  // of the child; half of them also count in one shared record
	lives   = 25 // kills that one store lives through, so that the last is checked as fast as the first
)

// RunCrash kills a process that writes through a DB, at random points and without
// warning, as often as cycles says, opening the same folder each time. After each kill
// every unit that was acknowledged is there exactly once, and no unit in part. check, if
// not nil, looks at the folder before it is opened again.
//
// The process is the test binary, which runs the calling test alone: call RunCrash from
// a test that does nothing else.
func RunCrash(t *testing.T, cycles int, open func(dir string) (store.Store, error), check func(t testing.TB, dir string)) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(t, dir, open)
		return
	}
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var dir string
	var acked []int
	total := 0
	for cycle := range cycles {
		if cycle%lives == 0 {
			dir, acked = t.TempDir(), make([]int, writers)
		}
		total += killOne(t, dir, 1+random.IntN(200), acked)
		if check != nil {
			check(t, dir)
		}
		if verifyCrash(t, dir, open, acked); t.Failed() {
			t.Fatalf("in cycle %d", cycle)
		}
	}
	t.Logf("%d cycles, %d units acknowledged", cycles, total)
}

// killOne starts a child and kills it once it has acknowledged n units. It adds what the
// child said to acked and returns the number of acknowledgements.
func killOne(t testing.TB, dir string, n int, acked []int) (count int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+t.Name()+"$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() { // to the end: what was written before the kill counts
		var w, seq int
		if _, err := fmt.Sscanf(lines.Text(), "ack %d %d", &w, &seq); err != nil {
			_, _ = io.WriteString(&said, lines.Text()+"\n")
			continue
		}
		acked[w] = max(acked[w], seq)
		if count++; count == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); count < n {
		t.Fatalf("the child ended by itself after %d units: %v\n%s%s", count, err, said.String(), stderr.String())
	}
	return count
}

// crashChild writes until it is killed. Each unit counts its writer up, makes a row of
// that number, and the even writers count in a shared record too.
func crashChild(t testing.TB, dir string, open func(string) (store.Store, error)) {
	db := openCrash(t, dir, open)
	race(writers, func(w int) {
		for {
			seq := 0
			err := db.Update(context.Background(), func(_ context.Context, tx *store.Tx) (err error) {
				seq, err = step(tx, w)
				return err
			})
			if err != nil {
				t.Errorf("writer %d: %v", w, err)
				return
			}
			// One write a line, before the next unit: a kill leaves whole lines, and at
			// most one unit of a writer is done and not acknowledged.
			_, _ = fmt.Fprintf(os.Stdout, "ack %d %d\n", w, seq)
		}
	})
}

func step(tx *store.Tx, w int) (seq int, err error) {
	keys := []store.Key{counter(w)}
	if w%2 == 0 {
		keys = append(keys, "shared")
		if err := tx.Latch("shared"); err != nil {
			return 0, err
		}
	}
	recs, err := tx.Get(keys...)
	if err != nil {
		return 0, err
	}
	seq = number(recs[0]) + 1
	tx.Put(counter(w), bytesOf(seq))
	tx.Put(row(w, seq), fmt.Appendf(make([]byte, 0, 600), "%0500d", seq))
	if w%2 == 0 {
		tx.Put("shared", bytesOf(number(recs[1])+1))
	}
	return seq, nil
}

func counter(w int) store.Key  { return store.Key(fmt.Sprintf("count/%d", w)) }
func row(w, seq int) store.Key { return store.Key(fmt.Sprintf("row/%d/%09d", w, seq)) }

// verifyCrash demands that each writer's counter is at least what was acknowledged and
// at most one more, that its rows are exactly 1 to the counter, and that the shared
// count is the sum.
func verifyCrash(t testing.TB, dir string, open func(string) (store.Store, error), acked []int) {
	t.Helper()
	db := openCrash(t, dir, open)
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if db.Epoch() != 0 {
		t.Error("a kill raised the epoch")
	}
	sum := 0
	for w := range writers {
		n := numberOf(t, db, counter(w))
		if n < acked[w] || n > acked[w]+1 {
			t.Errorf("writer %d: %d units, %d acknowledged", w, n, acked[w])
		}
		acked[w] = n
		seq := 0
		for rec, err := range db.Scan(t.Context(), store.Under(row(w, 0)[:len("row/0/")])) {
			if seq++; err != nil || rec.Key != row(w, seq) || string(rec.Value) != fmt.Sprintf("%0500d", seq) {
				t.Fatalf("writer %d: row %d is %s: %v", w, seq, rec.Key, err)
			}
		}
		if seq != n {
			t.Errorf("writer %d: counter %d, rows %d", w, n, seq)
		}
		if w%2 == 0 {
			sum += n
		}
	}
	if n := numberOf(t, db, "shared"); n != sum {
		t.Errorf("the shared count is %d, the sum %d", n, sum)
	}
}

func openCrash(t testing.TB, dir string, open func(string) (store.Store, error)) *store.DB {
	t.Helper()
	s, err := open(filepath.Clean(dir))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	db, err := store.Open(t.Context(), s, store.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return db
}
