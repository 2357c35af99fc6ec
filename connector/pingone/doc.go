// Package pingone is the one seam between capabilities and the PingOne MFA API: a
// request in PingOne's own terms, a response as PingOne sends it, and an interface of
// one method. connector/embedded implements it in process.
package pingone
