package server_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/server/servertest"
)

// The router and the document have the same routes.
func TestDocumentIsComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.Dev, o.Inbox = true, inbox{}
		o.FlowSchema = func() []byte { return nil }
	})
	doc, err := servertest.Document()
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented = append(documented, method+" "+path)
			if op.OperationID == "" || op.Summary == "" || op.Security == nil || len(op.Tags) != 1 {
				t.Errorf("%s %s lacks operationId, summary, security or its tag", method, path)
			}
		}
	}
	param := regexp.MustCompile(`:(\w+)`)
	var routed []string
	for _, r := range w.server.Routes() {
		routed = append(routed, param.ReplaceAllString(r, "{$1}"))
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if d := cmp.Diff(documented, routed); d != "" {
		t.Errorf("routes (-document +router):\n%s", d)
	}
}
