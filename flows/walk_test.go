package flows_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

var nodeLine = regexp.MustCompile(`(?m)^  ([a-z_]+):`)

func TestFormatWritesNodesInWalkOrder(t *testing.T) {
	t.Parallel()
	src := `schema: flow/v1
id: walk
start: one
catch: { else: six }
nodes:
  # seven stands alone
  seven: { end: failed }
  six: { end: failed }
  five: { end: failed }
  three: { next: four }
  two: { next: three }
  four: { end: failed } # four's own

  # one is first
  one:
    uses: user/find
    with: { username: ben }
    catch: { NOT_FOUND: five }
    next:
      - when: =out.user.enabled ?? false
        then: two
      - then: four
`
	out, err := flows.Format([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range nodeLine.FindAllStringSubmatch(string(out), -1) {
		ids = append(ids, m[1])
	}
	if got, want := strings.Join(ids, " "), "one two three four five six seven"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	for _, kept := range []string{"  # one is first\n  one:", "four: { end: failed } # four's own\n", "  # seven stands alone\n  seven:", "- when: out.user.enabled ?? false\n"} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("not in the result: %q\n%s", kept, out)
		}
	}
}
