package wire

// JSONSize is what a JSON text would decode to.
type JSONSize struct {
	Values int // objects, lists, strings, numbers, true, false, null; names of members are none
	Depth  int // levels of objects and lists
}

// MeasureJSON counts in one pass and makes nothing: a decoded value takes many times the
// bytes that it was sent in ("[],[],[]" twenty times), so a limit of bytes alone does not
// bound what a stranger's text costs. Of a text that is not JSON it says something; whether
// it is JSON is the decoder's to find out.
func MeasureJSON(text []byte) (s JSONSize) {
	depth := 0
	between := true // before this byte a value may begin
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			s.Values++
			i = endOfString(text, i)
			between = false
		case '{', '[':
			s.Values++
			depth++
			s.Depth = max(s.Depth, depth)
			between = true
		case '}', ']':
			depth--
			between = true
		case ':':
			s.Values-- // the string before it was a name
			between = true
		case ',', ' ', '\t', '\n', '\r':
			between = true
		default:
			if between {
				s.Values++
			}
			between = false
		}
	}
	return s
}

// endOfString is where the string ends that begins at text[i].
func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
