package flowtest

import (
	"context"
	"errors"

	"github.com/mfaflow/mfaflow/connector"
)

// Options are what tests run in. All are required.
type Options struct {
	// Lab makes the world of one test.
	Lab func(ctx context.Context, g Given) (*Lab, error)

	// Source finds a flow by its id: the name of its file and the text; ErrNoFlow if
	// there is none.
	Source func(id string) (file string, text []byte, err error)

	// Capabilities are those of every Lab, for their schemas; they need not work.
	Capabilities *connector.Registry

	// Env is what flows read as env.*; may be nil.
	Env map[string]string
}

// ErrNoFlow says that Options.Source knows no flow of that id.
var ErrNoFlow = errors.New("flowtest: there is no such flow")
