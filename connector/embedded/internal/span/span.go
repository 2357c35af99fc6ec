// Package span is PingOne's way to write how long something takes: a number, and the unit
// that is counted.
package span

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Duration is a number of time units.
type Duration struct {
	Duration int    `json:"duration"`
	TimeUnit string `json:"timeUnit"`
}

// Value is the duration as Go has it; 0 for none.
func (d *Duration) Value() time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(d.Duration) * unit(d.TimeUnit)
}

// Check refuses a unit that is not among those allowed, and a number that leads out of
// the range. It compares numbers of units: a large one must not overflow.
func (d *Duration) Check(at string, least, most time.Duration, units ...string) error {
	if err := rest.OneOf(at+".timeUnit", d.TimeUnit, units...); err != nil {
		return err
	}
	u := unit(d.TimeUnit)
	from, to := int((least+u-1)/u), int(most/u)
	if d.Duration < from || d.Duration > to {
		return rest.Outside(at+".duration", from, to)
	}
	return nil
}

func unit(name string) time.Duration {
	switch name {
	case "SECONDS":
		return time.Second
	case "MINUTES":
		return time.Minute
	case "HOURS":
		return time.Hour
	case "DAYS":
		return 24 * time.Hour
	}
	return 0
}
