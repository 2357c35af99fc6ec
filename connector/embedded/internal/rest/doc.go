// Package rest is how the embedded service speaks HTTP without net/http: a route table
// that dispatches on host, method, path and media type, the call that a handler gets,
// the reply it gives, PingOne's error envelope, its links and its times.
package rest
