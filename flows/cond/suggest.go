package cond

import (
	"fmt"
	"strings"
)

// didYouMean is "; did you mean x?" for the candidate nearest to name, or "".
func didYouMean(name string, candidates []string) string {
	if best := closest(name, candidates); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return ""
}

// closest finds the candidate that name is most likely a slip of, or "".
func closest(name string, candidates []string) string {
	best, least := "", max(1, (len(name)+1)/3)+1
	for _, c := range candidates {
		if c == name {
			continue
		}
		if squash(c) == squash(name) {
			return c
		}
		if d := distance(name, c); d < least && d < len(name) {
			best, least = c, d
		}
	}
	return best
}

// squash drops what people get wrong without changing the word: case and separators.
func squash(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}

// distance counts the insertions, deletions, changes and swaps of neighbours between
// two words. Both are clipped to 64 bytes: no name is longer, an attacker's may be.
func distance(a, b string) int {
	a, b = strings.ToLower(a[:min(len(a), 64)]), strings.ToLower(b[:min(len(b), 64)])
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// list names at most a dozen candidates.
func list(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "nothing"
	}
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
