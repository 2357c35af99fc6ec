package connector

import "context"

// Source says for whom a capability runs, so that a back end can limit what one of them
// causes. It travels in the context, never in a request: who sends a request cannot choose
// it, and a tenant never sees it. The zero Source is a caller that is no execution.
type Source struct {
	Execution string // id of the execution
	Address   string // IP of the client that moved it last; "" if none did, or a back end

	// DeviceSession is the remember-me value that the client sent with this step, a secret:
	// it is not logged or stored. "" without one.
	DeviceSession string
}

type sourceKey struct{}

// WithSource returns a context that carries s.
func WithSource(ctx context.Context, s Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// SourceOf returns the Source that ctx carries, the zero value if it carries none.
func SourceOf(ctx context.Context) Source {
	s, _ := ctx.Value(sourceKey{}).(Source)
	return s
}
