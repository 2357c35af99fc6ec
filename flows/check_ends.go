package flows

import (
	"fmt"
	"slices"
	"strings"
)

// refusalWords are how ends are named that let nobody in. A word of an end's name is one
// of these if it begins or ends with it: `access_denied`, `lockedout`.
var refusalWords = []string{
	"abort", "aborted", "banned", "block", "blocked", "declined", "denial", "denied", "deny", "disabled", "disallowed",
	"error", "expired", "fail", "failed", "failure", "forbidden", "fraud", "ineligible", "invalid", "lock", "locked", "lockout",
	"mismatch", "prohibited", "refusal", "refuse", "refused", "reject", "rejected", "rejection", "revoked", "stopped", "suspended",
	"timeout", "unauthenticated", "unauthorised", "unauthorized", "unknown", "untrusted", "unverified", "wrong",
}

// refusedStates are refusals behind `not` and `no`: `not_allowed`, `no_access`.
var refusedStates = []string{
	"access", "allowed", "authenticated", "authorised", "authorized", "eligible", "entry", "found", "permission", "permitted",
	"proven", "recognised", "recognized", "registered", "trusted", "valid", "verified",
}

// soundsLikeRefusal reports whether the name of an end says that somebody is not let in.
func soundsLikeRefusal(name string) bool {
	words := strings.Split(name, "_")
	for i, word := range words {
		if i > 0 && slices.Contains([]string{"not", "no"}, words[i-1]) {
			if slices.Contains(refusedStates, word) {
				return true
			}
			continue // `not_locked` refuses nobody
		}
		if word == "unlocked" || word == "unblocked" {
			continue
		}
		if slices.ContainsFunc(refusalWords, func(w string) bool { return strings.HasPrefix(word, w) || strings.HasSuffix(word, w) }) {
			return true
		}
		if i > 0 && word == "out" && (words[i-1] == "timed" || words[i-1] == "locked") {
			return true
		}
	}
	return false
}

// refusalNamed warns of an end that is named like a refusal and is COMPLETED all the
// same: whoever was authenticated on the way there has a `result`.
func (c *checker) refusalNamed(n *Node) {
	if n.Error == nil && n.Name != "failed" && n.Name != "canceled" && soundsLikeRefusal(n.Name) {
		c.add(n.NamePos, n.ID, ruleRefusalCompletes, fmt.Sprintf("`%s` sounds like a refusal, but the execution is COMPLETED here, with the result of all that was proven", n.Name),
			"add `error: CODE`, which makes it FAILED, or write `end: failed`; for a flow that calls this one the name stays the outcome")
	}
}
