package cond

import (
	"math"
	"strings"
)

// runtimeFunctions are what lowered expressions call. The first argument is always the
// budget; each function charges what it reads or makes before it does.
var runtimeFunctions = map[string]func(...any) (any, error){
	"tick": func(p ...any) (any, error) {
		return nil, p[0].(*Budget).steps(p[1].(int))
	},
	"now": func(p ...any) (any, error) { return p[0].(*Budget).timestamp(), nil },
	"has": has,
	"key": key, "publicKey": publicKey,

	"==":         func(p ...any) (any, error) { return equal(p[0].(*Budget), p[1], p[2], 0) },
	"<":          ordering(func(c int) bool { return c < 0 }),
	">":          ordering(func(c int) bool { return c > 0 }),
	"<=":         ordering(func(c int) bool { return c <= 0 }),
	">=":         ordering(func(c int) bool { return c >= 0 }),
	"in":         contained,
	"contains":   texts2("contains", strings.Contains),
	"startsWith": texts2("startsWith", strings.HasPrefix),
	"endsWith":   texts2("endsWith", strings.HasSuffix),
	"matches":    matches,

	"+":  add,
	"-":  arithmetic("-", func(x, y float64) float64 { return x - y }),
	"*":  arithmetic("*", func(x, y float64) float64 { return x * y }),
	"/":  arithmetic("/", func(x, y float64) float64 { return x / y }),
	"%":  arithmetic("%", math.Mod),
	"**": arithmetic("**", math.Pow),

	"len": length, "first": end("first", true), "last": end("last", false),
	"keys": memberNames, "values": memberValues, "publicValues": publicValues,
	"lower": textual("lower", strings.ToLower), "upper": textual("upper", strings.ToUpper), "trim": trim,
	"int": toIntFunction, "float": toFloatFunction, "string": toStringFunction,
}

func ordering(holds func(int) bool) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		c, err := order(p[0].(*Budget), p[1], p[2])
		return holds(c), err
	}
}
