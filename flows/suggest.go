package flows

import (
	"strings"
	"unicode"
)

// didYouMean returns a hint naming the candidate nearest to word, "" if none is near.
func didYouMean(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d < least {
			best, least = c, d
		}
	}
	if best != "" {
		return "did you mean `" + best + "`?"
	}
	if len(candidates) > 0 && len(candidates) <= 16 {
		return "known here: `" + strings.Join(candidates, "`, `") + "`"
	}
	return ""
}

// distance counts the letters to insert, remove, replace or swap.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1000
	}
	x, y := []rune(a), []rune(b)
	before, prev, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(y)]
}

// snake turns a name into the spelling of node ids.
func snake(name string) string {
	var b strings.Builder
	under := false
	for i, c := range name {
		switch {
		case unicode.IsUpper(c) && c < 128:
			if i > 0 && !under {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(c))
			under = false
		case c < 128 && (unicode.IsLower(c) || unicode.IsDigit(c)):
			b.WriteRune(c)
			under = false
		case !under && b.Len() > 0:
			b.WriteByte('_')
			under = true
		}
	}
	s := strings.Trim(b.String(), "_")
	if s == "" || !nodeIDPattern.MatchString(s) {
		return "my_node"
	}
	return s
}
