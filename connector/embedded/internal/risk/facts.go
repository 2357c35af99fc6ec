package risk

import (
	"slices"
	"time"
)

// facts are all that rules know of an event.
type facts struct {
	newBrowser      bool // never seen with a success of the user
	newNetwork      bool // /24 or /48 never seen with a success, of a user who has any
	unusualTime     bool // no former success within three hours of this time of day
	successes       int  // of the user, ever
	userFailures    int  // of the user, in the last hour
	addressFailures int  // from the address, in the last hour
	userAddresses   int  // with a success of the user in the last hour, and this one
	addressUsers    int  // with a success from the address in the last hour, and this one
	hour            int  // UTC
	flow            string
}

// plain is how expressions see the facts.
func (f facts) plain() map[string]any {
	return map[string]any{
		"newBrowser": f.newBrowser, "newNetwork": f.newNetwork, "unusualTime": f.unusualTime, "successes": f.successes,
		"userFailures": f.userFailures, "addressFailures": f.addressFailures, "userAddresses": f.userAddresses,
		"addressUsers": f.addressUsers, "hour": f.hour, "flow": f.flow,
	}
}

// habit is how many successes it takes until the hours of a user mean anything, and near
// is how many hours either side of them are usual.
const (
	habit = 5
	near  = 3
)

// marks are the keyed hashes of what an event shows.
type marks struct {
	User    string `json:"u"`
	Browser string `json:"b,omitempty"` // "" without a device cookie of its own
	Network string `json:"n"`
	Address string `json:"a"`
}

// see compares an event with what is known of its user and its address.
func see(u *history, a *traffic, m marks, flow string, now time.Time) facts {
	hour := now.UTC().Hour()
	f := facts{
		newBrowser: m.Browser == "" || !has(u.Browsers, m.Browser), successes: u.Successes,
		newNetwork:   u.Successes > 0 && !has(u.Networks, m.Network),
		userFailures: recent(u.Failures, now), addressFailures: recent(a.Failures, now),
		userAddresses: distinct(u.Addresses, m.Address, now), addressUsers: distinct(a.Users, m.User, now),
		hour: hour, flow: flow,
	}
	f.unusualTime = u.Successes >= habit && !u.usual(hour)
	return f
}

// usual reports whether the user has succeeded near this hour of the day before.
func (u *history) usual(hour int) bool {
	for d := -near; d <= near; d++ {
		if h := (hour + d + 24) % 24; h < len(u.Hours) && u.Hours[h] > 0 {
			return true
		}
	}
	return false
}

func has(list []seen, mark string) bool {
	return slices.ContainsFunc(list, func(s seen) bool { return s.Mark == mark })
}

// window is the hour of velocities and failures, in minutes.
const window = 60

func minute(t time.Time) int64 { return t.Unix() / 60 }

// distinct counts the marks of the last hour, one more included.
func distinct(list []seen, mark string, now time.Time) int {
	n := 1
	for _, s := range list {
		if s.Mark != mark && minute(now)-s.At < window {
			n++
		}
	}
	return n
}

func recent(minutes []int64, now time.Time) int {
	n := 0
	for _, m := range minutes {
		if minute(now)-m < window {
			n++
		}
	}
	return n
}
