// Package browser is PingOne's remember-me for browsers (reference pingone-mfa-api 2.3 and
// 3.10): BROWSER devices, made after a second factor was proven, that let the next sign-on
// from the same browser do without one.
//
//	E/browsers/<user>        ids of the user's browsers, oldest first
//	E/browser/<user>/<id>    one record each
//
// They are not in the hot record: nobody is challenged on a browser, so it has no place in
// the order and does not count against the limit of devices.
//
// A browser proves itself by a cookie whose value is the device's id, a number and an HMAC
// over both, the user, the environment, the store's epoch and a seed of the device. The
// value is stored nowhere. Each use makes the next number's value and kills the one used:
// a copy works once at most, and when the copy and its origin have both been used, the
// number tells, and the browser is forgotten.
package browser
