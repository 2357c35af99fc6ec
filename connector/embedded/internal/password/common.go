package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
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
// the alphabet, or a short text over and over.
func isGuessedFirst(value string, minLength int) bool {
	lower := strings.ToLower(value)
	inner := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, text := range []string{lower, inner, readLeet.Replace(inner), readLeetL.Replace(inner)} {
		if common[text] {
			return true
		}
	}
	return isRow(lower) || isRepetition([]rune(lower), minLength)
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

func isRow(text string) bool {
	return text != "" && slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, text) })
}

// isRepetition reports whether a text is one of less than minLength characters over and
// over.
func isRepetition(text []rune, minLength int) bool {
	for n := 1; n < minLength && n <= len(text)/2; n++ {
		if slices.Equal(text[n:], text[:len(text)-n]) {
			return true
		}
	}
	return false
}
