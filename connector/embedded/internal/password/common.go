package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commonText lists the passwords that are used most, the words that others are made of by
// putting digits behind them, one a line in lower case.
//
//go:embed common.txt
var commonText string

var common = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonText) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// isGuessedFirst reports whether a password is among those that anybody tries first: a most
// used one, also with digits and signs around it or in its letters, a row of the keyboard or
// the alphabet, or a short text or one of those over and over; however it is spelled.
func isGuessedFirst(value string, minLength int) bool {
	plain := readPlain(value)
	inner := strings.TrimFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, text := range []string{plain, inner, readLeet.Replace(inner), readLeetL.Replace(inner)} {
		word := keepWord(text)
		if common[text] || common[word] || isRow(word, minLength) {
			return true
		}
	}
	unit := findUnit([]rune(plain))
	return unit != "" && (utf8.RuneCountInString(unit) < minLength || isGuessedFirst(unit, minLength))
}

// readLeet reads the letters that digits and signs stand for; 1 stands for two.
var (
	readLeet  = strings.NewReplacer("0", "o", "1", "i", "!", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t")
	readLeetL = strings.NewReplacer("0", "o", "1", "l", "!", "l", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t")
)

// rows are what lies side by side, there and back.
var rows = func() []string {
	list := []string{"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn"}
	for _, row := range slices.Clone(list) {
		back := []byte(row)
		slices.Reverse(back)
		list = append(list, string(back))
	}
	return list
}()

func isRow(text string, minLength int) bool {
	return len(text) >= minLength && slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, text) })
}

// findUnit is the shortest text that a text is over and over, twice at least; "" if none.
func findUnit(text []rune) string {
	for n := 1; n <= len(text)/2; n++ {
		if slices.Equal(text[n:], text[:len(text)-n]) {
			return string(text[:n])
		}
	}
	return ""
}
