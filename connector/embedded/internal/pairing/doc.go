// Package pairing is the keys with which a user pairs a native app (reference
// pingone-mfa-api 7). A key's code is computed from its nonce and the service's secret: it
// is shown while it can be claimed, and stored nowhere. Claims find it by its hash:
//
//	E/pairingkeys/<user>      the user's keys, claimed and expired ones for a day
//	E/pairingcode/<hash>      whose a code is
//	E/pairingtries            wrong codes of this minute
//
// A code of twelve digits is short: it lives for minutes, is good once, and wrong
// ones are bounded, for each key that signs them and for the environment.
package pairing
