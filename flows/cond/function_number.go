package cond

import (
	"math"
	"strconv"
	"strings"
)

// arithmetic computes as JSON does, in float64. The result is an int again where both
// operands were integers and it is exact.
func arithmetic(name string, compute func(x, y float64) float64) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		x, ok := toFloat(p[1])
		y, also := toFloat(p[2])
		if !ok || !also {
			return nil, failf("%s needs two numbers, and got %s and %s", name, kindName(p[1]), kindName(p[2]))
		}
		z := compute(x, y)
		if err := finite(z); err != nil {
			return nil, err
		}
		if z == math.Trunc(z) && math.Abs(z) <= maxExact {
			return int(z), nil
		}
		return z, nil
	}
}

// maxNumber is the longest text that int and float read: more digits mean nothing.
const maxNumber = 64

func toIntFunction(p ...any) (any, error) {
	v := p[1]
	if s, ok := v.(string); ok {
		n, err := strconv.Atoi(strings.TrimSpace(s[:min(len(s), maxNumber)]))
		if err != nil || len(s) > maxNumber {
			return nil, failf("the text given to int is not an integer")
		}
		return n, nil
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, failf("int needs a number or a string, and got %s", kindName(v))
	}
	if f = math.Trunc(f); !(math.Abs(f) <= maxExact) {
		return nil, failf("the number given to int is out of range")
	}
	return int(f), nil
}

func toFloatFunction(p ...any) (any, error) {
	v := p[1]
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(s[:min(len(s), maxNumber)]), 64)
		if err != nil || len(s) > maxNumber || finite(f) != nil {
			return nil, failf("the text given to float is not a number")
		}
		return f, nil
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, failf("float needs a number or a string, and got %s", kindName(v))
	}
	return f, finite(f)
}

// toStringFunction writes scalars as JSON does.
func toStringFunction(p ...any) (any, error) {
	switch v := p[1].(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	if n, ok := toInt(p[1]); ok {
		return strconv.Itoa(n), nil
	}
	if f, ok := toFloat(p[1]); ok && finite(f) == nil {
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	}
	return nil, failf("string needs a string, a number or a boolean, and got %s", kindName(p[1]))
}

var plus = arithmetic("+", func(x, y float64) float64 { return x + y })
