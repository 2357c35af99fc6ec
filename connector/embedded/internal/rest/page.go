package rest

import (
	"net/url"
	"strconv"
)

// PageSize reads the query's limit: 1 to 1000, by default 100.
func PageSize(q url.Values) (int, error) {
	s := q.Get("limit")
	if s == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1000 {
		return 0, Refuse(InvalidData, OutOfRange, "limit", "must be between 1 and 1000").
			With("rangeMinimumValue", 1).With("rangeMaximumValue", 1000)
	}
	return n, nil
}
