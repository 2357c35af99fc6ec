package flows

// unclosed reports whether an expression leaves a bracket or quote open.
func unclosed(src string) bool {
	depth, quote := 0, byte(0)
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		}
	}
	return depth > 0 || quote != 0
}

// quotedAt reports whether offset i of an expression is inside quotes.
func quotedAt(src string, i int) bool {
	quote := byte(0)
	for j := 0; j < i && j < len(src); j++ {
		c := src[j]
		switch {
		case quote != 0 && c == '\\' && quote != '`':
			j++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		}
	}
	return quote != 0
}

// questionMark reports whether an expression holds `?` outside quotes.
func questionMark(src string) bool {
	for i := range len(src) {
		if src[i] == '?' && !quotedAt(src, i) {
			return true
		}
	}
	return false
}
