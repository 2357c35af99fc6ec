package capabilities

import (
	"flag"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/connectortest"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/schemas"
)

var update = flag.Bool("update", false, "write the outcomes of the fixtures")

func TestFixtures(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	connectortest.Run(t, connectortest.Suite{
		Build: func(api pingone.API, c connectortest.Connection) []connector.Capability {
			return All(Deps{MFA: api, Joined: c.Joined, PolicyID: c.PolicyID, Now: func() time.Time { return now }})
		},
		Dir:     ".",
		Schemas: schemas.IDs(),
		Update:  *update,
	})
}
