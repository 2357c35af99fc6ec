package yamldoc

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// standIn takes the place of a value that is not YAML. No flow can mean it: the source
// may not hold the private-use character it begins with twice on purpose.
const standIn = "\"\uE000broken\""

var keyOnLine = regexp.MustCompile(`^(\s*(?:- +)*)([A-Za-z_"'][\w."'-]*\s*:)(\s|$)`)

// repair replaces the value on a line by the stand-in, so that parsing can go on. It
// returns nil if the line has no key to keep, or was repaired before.
func (r *reader) repair(src []byte, line int) []byte {
	if r.broken[line] {
		return nil
	}
	text := lineOf(src, line)
	m := keyOnLine.FindStringSubmatchIndex(text)
	if m == nil {
		return nil
	}
	starts := lineStarts(src)
	from := starts[line-1]
	if r.broken == nil {
		r.broken = map[int]bool{}
	}
	r.broken[line] = true
	var out bytes.Buffer
	out.Write(src[:from])
	out.WriteString(text[:m[5]] + " " + standIn)
	out.Write(src[from+len(text):])
	return out.Bytes()
}

func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, c := range src {
		if c == '\n' || c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineOf returns a line, counted from 1, without its end.
func lineOf(src []byte, line int) string {
	starts := lineStarts(src)
	if line < 1 || line > len(starts) {
		return ""
	}
	text := src[starts[line-1]:]
	if line < len(starts) {
		text = src[starts[line-1]:starts[line]]
	}
	return strings.TrimRight(string(text), "\r\n")
}

// column turns a byte offset in a line into a column.
func column(line string, offset int) int {
	return utf8.RuneCountInString(line[:offset]) + 1
}
