// Package authn is PingOne's deviceAuthentications (reference pingone-mfa-api 3): the
// state machine, the choice of a device, the codes sent, checked and counted.
//
//	E/da/<id>    one record each: state, selected device, keyed hash of the live code
//
// A push is part of that record. There is no timer: whoever reads or acts next settles what
// time has ended. Its app answers over signed routes of its own (package app).
//
// Counters are not here: they belong to user and device, whichever authentication was
// open, and live in the hot record (package account).
package authn
