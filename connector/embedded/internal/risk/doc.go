// Package risk is PingOne Protect's risk evaluations (reference pingone-platform-api 5),
// scored by rules over known facts.
//
//	E/risk/<id>           one evaluation each
//	E/riskuser/<hmac>     what is known of a user: at most 1 KB
//	E/riskaddress/<hmac>  what is known of an address, for an hour
//	E/riskpolicy          the policy set, once it was changed
//
// An evaluation changes nothing but its own record. What it saw is learned when it is
// closed: browser, network, hour and addresses on SUCCESS only; failures are counted apart.
// No key holds personal data, and records hold browsers, networks and other users as keyed
// hashes.
//
// Rules are data of the policy set: an expression of expr over the facts (type facts),
// what it adds to the score, and the predictor under which it is shown. They can name
// nothing but facts, and compute in bounded time. A rule that cannot be computed counts as
// a HIGH one: an evaluation never becomes lower because something is broken.
package risk
