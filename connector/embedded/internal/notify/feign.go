package notify

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Feign does what Send does, for a message that nobody gets: it has expired when it is
// written, so no sender sees it.
func (n Notifier) Feign(c *rest.Call, m Code) error {
	m.LifeTime = 0
	return add(c, m, outbox.Lane{})
}
