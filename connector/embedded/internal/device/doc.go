// Package device is a user's MFA devices (reference pingone-mfa-api 2). What changes
// while somebody signs on is in the user's hot record; here is what is written once:
//
//	E/device/<user>/<id>    type, address, nickname, secret, pairing code while it waits
//	E/push/<user>/<id>      pushes that wait, and when those were sent that count
package device
