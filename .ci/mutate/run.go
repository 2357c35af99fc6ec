package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// workers is how many mutants are tried at once; tests run in parallel themselves.
const workers = 2

// helper is added to each package with mutants: it turns the chosen one on, and notes each
// that is reached.
const helper = `package %s

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

var (
	mutantOn, _   = strconv.Atoi(os.Getenv("MUTANT"))
	mutantReach   = os.Getenv("MUTANT_REACH")
	mutantReached sync.Map
)

func keepMutant(n int) bool {
	if mutantReach != "" {
		if _, again := mutantReached.LoadOrStore(n, true); !again {
			f, err := os.OpenFile(mutantReach, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				panic(err)
			}
			fmt.Fprintln(f, n)
			f.Close()
		}
	}
	return n != mutantOn
}
`

// goTest is one test function, and how long it took.
type goTest struct {
	pkg, name string
	took      time.Duration
}

// runner runs test binaries with all mutants built in.
type runner struct {
	dir      string
	binaries map[string]string // by package
	rapid    map[string]bool   // packages whose tests use rapid, which else keeps a file of each failure
	mu       sync.Mutex
	reach    map[int][]goTest // by mutant, quick ones first
}

func buildTests(src *sources) (*runner, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	r := &runner{dir: dir, binaries: map[string]string{}, rapid: map[string]bool{}, reach: map[int][]goTest{}}
	replace := map[string]string{}
	add := func(file string, text []byte) error {
		abs, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("name the file: %w", err)
		}
		replace[abs] = filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		return os.WriteFile(replace[abs], text, 0o600)
	}
	for file, text := range src.files {
		if err := add(file, text); err != nil {
			return nil, err
		}
	}
	for folder, pkg := range src.packages {
		if err := add(filepath.Join(folder, "mutant.go"), fmt.Appendf(nil, helper, pkg)); err != nil {
			return nil, err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, fmt.Errorf("write the overlay: %w", err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return nil, fmt.Errorf("write the overlay: %w", err)
	}
	for _, m := range src.mutants {
		for _, pkg := range m.tests {
			if r.binaries[pkg] != "" {
				continue
			}
			r.binaries[pkg] = filepath.Join(dir, fmt.Sprintf("%d.test", len(r.binaries)))
			if out, err := exec.Command("go", "test", "-c", "-overlay", file, "-o", r.binaries[pkg], pkg).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("build the tests of %s: %w\n%s", pkg, err, out)
			}
		}
	}
	return r, nil
}

func (r *runner) removeFiles() { os.RemoveAll(r.dir) }

// runTests runs tests of one package; an error says that one failed.
func (r *runner) runTests(pkg string, names []string, limit time.Duration, env ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := []string{"-test.failfast", "-test.run", "^(" + strings.Join(names, "|") + ")$"}
	if r.rapid[pkg] {
		args = append(args, "-rapid.nofailfile")
	}
	cmd := exec.CommandContext(ctx, r.binaries[pkg], args...)
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}

// recordReach runs each test alone and notes the mutants on its way.
func (r *runner) recordReach() error {
	var tests []goTest
	for pkg, binary := range r.binaries {
		out, err := exec.Command(binary, "-test.list", ".").Output()
		if err != nil {
			return fmt.Errorf("list the tests of %s: %w", pkg, err)
		}
		usage, _ := exec.Command(binary, "-help").CombinedOutput() // it exits with 2
		r.rapid[pkg] = strings.Contains(string(usage), "-rapid.nofailfile")
		for _, name := range strings.Fields(string(out)) {
			if !strings.HasPrefix(name, "Benchmark") {
				tests = append(tests, goTest{pkg: pkg, name: name})
			}
		}
	}
	var wg sync.WaitGroup
	work := make(chan goTest)
	for range workers {
		wg.Go(func() {
			for t := range work {
				r.recordTest(t)
			}
		})
	}
	for _, t := range tests {
		work <- t
	}
	close(work)
	wg.Wait()
	for _, tests := range r.reach {
		slices.SortFunc(tests, func(a, b goTest) int { return int(a.took - b.took) })
	}
	return nil
}

// recordTest notes what one test reaches. One that fails as things are can notice nothing.
func (r *runner) recordTest(t goTest) {
	file := filepath.Join(r.dir, filepath.Base(r.binaries[t.pkg])+"-"+t.name)
	began := time.Now()
	if out, err := r.runTests(t.pkg, []string{t.name}, 10*time.Minute, "MUTANT_REACH="+file); err != nil {
		fmt.Printf("left out, it fails without a break: %s of %s\n%s\n", t.name, t.pkg, out)
		return
	}
	t.took = time.Since(began)
	text, err := os.ReadFile(file)
	if err != nil {
		return // nothing reached
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(line); err == nil {
			r.reach[n] = append(r.reach[n], t)
		}
	}
}

// tryMutant turns a mutant on and runs the tests that reach it, in growing batches, quick
// ones first. A batch that takes ten times its time has noticed too.
func (r *runner) tryMutant(m mutant) string {
	fate := unreached
	for _, pkg := range m.tests {
		var tests []goTest
		for _, t := range r.reach[m.id] {
			if t.pkg == pkg {
				tests = append(tests, t)
			}
		}
		for size := 2; len(tests) > 0; size *= 4 {
			size = min(size, len(tests))
			fate = survives
			limit := 20 * time.Second
			var names []string
			for _, t := range tests[:size] {
				names = append(names, t.name)
				limit += 10 * t.took
			}
			if _, err := r.runTests(pkg, names, limit, "MUTANT="+strconv.Itoa(m.id)); err != nil {
				return noticed
			}
			tests = tests[size:]
		}
	}
	return fate
}
