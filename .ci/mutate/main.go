// Command mutate breaks security code in one place at a time and runs the tests that reach
// the place. A break that no test notices is printed, and makes the command exit 1.
//
//	go run ./.ci/mutate -list                    # count the breaks
//	go run ./.ci/mutate -only internal/otp       # in files whose path contains this
//
// All breaks are compiled into the test binaries once, by the overlay of the go command, and
// an environment variable turns one of them on; no file of the repository changes.
//
// The file equivalent.txt lists breaks that no test can notice, a line each: file, function
// and break as they are printed, then " # " and the reason.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// suite says which tests guard the files of a folder.
type suite struct {
	files string // a glob
	tests []string
}

var (
	embeddedTests = []string{"./connector/embedded"}
	engineTests   = []string{"./engine", "./server"}
)

// suites lists what decides whether a person is let in.
var suites = []suite{
	{"connector/embedded/internal/otp/*.go", append([]string{"./connector/embedded/internal/otp"}, embeddedTests...)},
	{"connector/embedded/internal/totp/*.go", append([]string{"./connector/embedded/internal/totp"}, embeddedTests...)},
	{"connector/embedded/internal/account/*.go", append([]string{"./connector/embedded/internal/account"}, embeddedTests...)},
	{"connector/embedded/internal/password/*.go", append([]string{"./connector/embedded/internal/password"}, embeddedTests...)},
	{"connector/embedded/internal/passkey/*.go", append([]string{"./connector/embedded/internal/passkey"}, embeddedTests...)},
	{"connector/embedded/internal/app/*.go", append([]string{"./connector/embedded/internal/app"}, embeddedTests...)},
	{"connector/embedded/internal/authn/*.go", embeddedTests},
	{"connector/embedded/internal/authcode/*.go", embeddedTests},
	{"connector/embedded/internal/pairing/*.go", embeddedTests},
	{"connector/embedded/internal/browser/*.go", embeddedTests},
	{"connector/embedded/internal/guess/*.go", embeddedTests},
	{"connector/embedded/internal/directory/*.go", embeddedTests},
	{"connector/embedded/internal/notify/*.go", embeddedTests},
	{"connector/embedded/internal/rest/exact.go", append([]string{"./connector/embedded/internal/rest"}, embeddedTests...)},
	{"connector/embedded/token.go", embeddedTests},
	{"engine/access.go", engineTests},
	{"engine/confirm.go", engineTests},
	{"engine/finish.go", engineTests},
	{"engine/hide.go", engineTests},
	{"engine/idempotency.go", engineTests},
	{"engine/resume.go", engineTests},
	{"engine/start.go", engineTests},
	{"engine/view.go", engineTests},
	{"flows/view.go", []string{"./flows", "./engine"}},
	{"flows/check_secret.go", []string{"./flows"}},
	{"flows/check_users*.go", []string{"./flows"}},
	{"server/address.go", []string{"./server"}},
	{"server/auth.go", []string{"./server"}},
	{"server/bodies.go", []string{"./server"}},
	{"server/body.go", []string{"./server"}},
	{"server/limiter.go", []string{"./server"}},
	{"store/seal.go", []string{"./store"}},
	{"store/audit/*.go", []string{"./store/audit"}},
}

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "count the breaks only")
	only := flag.String("only", "", "only files whose path contains one of these texts, with commas between")
	flag.Parse()
	survivors, err := mutate(strings.Split(*only, ","), *list)
	if err != nil {
		log.Fatal(err)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

// mutate tries all mutants of the chosen files and returns how many survived unexplained.
func mutate(only []string, list bool) (int, error) {
	reasons, err := readEquivalents(".ci/mutate/equivalent.txt")
	if err != nil {
		return 0, err
	}
	src, err := findMutants(only)
	if err != nil {
		return 0, err
	}
	if err := checkEquivalents(reasons, src); err != nil {
		return 0, err
	}
	var t tally
	if list {
		for _, m := range src.mutants {
			t.count(m, "")
		}
		return 0, t.print()
	}
	r, err := buildTests(src)
	if err != nil {
		return 0, err
	}
	defer r.removeFiles()
	if err := r.recordReach(); err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	work := make(chan mutant)
	for range workers {
		wg.Go(func() {
			for m := range work {
				if _, ok := reasons[m.name()]; ok {
					t.count(m, equivalent)
					continue
				}
				t.count(m, r.tryMutant(m))
			}
		})
	}
	for _, m := range src.mutants {
		work <- m
	}
	close(work)
	wg.Wait()
	return t.survivors, t.print()
}

// What became of a mutant.
const (
	noticed    = "noticed"
	survives   = "SURVIVES"
	unreached  = "UNREACHED"
	equivalent = "equivalent"
)

// tally counts what became of the mutants of each folder.
type tally struct {
	mu        sync.Mutex
	dirs      map[string]map[string]int
	survivors int
}

func (t *tally) count(m mutant, fate string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dirs == nil {
		t.dirs = map[string]map[string]int{}
	}
	dir := filepath.Dir(m.file)
	if t.dirs[dir] == nil {
		t.dirs[dir] = map[string]int{}
	}
	t.dirs[dir][fate]++
	t.dirs[dir]["all"]++
	if fate == survives || fate == unreached {
		t.survivors++
		fmt.Printf("%s line %d: %s\n", fate, m.line, m.name())
	}
}

func (t *tally) print() error {
	dirs := make([]string, 0, len(t.dirs))
	for d := range t.dirs {
		dirs = append(dirs, d)
	}
	sort.Strings(dirs)
	for _, d := range dirs {
		n := t.dirs[d]
		if _, err := fmt.Printf("%s: %d breaks, %d noticed, %d equivalent, %d survive, %d unreached\n",
			d, n["all"], n[noticed], n[equivalent], n[survives], n[unreached]); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// readEquivalents reads the list of breaks that no test can notice, with their reasons.
func readEquivalents(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the list of equivalents: %w", err)
	}
	reasons := map[string]string{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" {
			continue
		}
		name, reason, ok := strings.Cut(line, " # ")
		if !ok || reason == "" {
			return nil, fmt.Errorf("%s:%d: write the break, then \" # \" and the reason", file, i+1)
		}
		reasons[name] = reason
	}
	return reasons, nil
}

// checkEquivalents refuses reasons for what is not in the code any more.
func checkEquivalents(reasons map[string]string, src *sources) error {
	found := map[string]bool{}
	for _, m := range src.mutants {
		found[m.name()] = true
	}
	for name := range reasons {
		file, _, _ := strings.Cut(name, " ")
		if src.files[file] != nil && !found[name] {
			return fmt.Errorf("equivalent.txt: the code has no %q", name)
		}
	}
	return nil
}
