// Package authcode is PingOne's authenticationCodes (reference pingone-mfa-api 8): a code
// that a browser shows, as a QR code or to be typed, and that the native app of somebody
// claims and approves, who is signed on in that browser then.
//
//	UNCLAIMED ─claim─► CLAIMED ─approve─► COMPLETED
//	    │                 ├─deny─► DENIED
//	    │                 └─refused meanwhile─► FAILED
//	    └───── time over ─┴─► EXPIRED
//
// A code that needs no approval is COMPLETED by its claim. Codes are kept as what they are
// made from, and found by a keyed hash:
//
//	E/ac/<id>           one record each
//	E/acode/<hash>      id
//	E/acguess/<device>  wrong codes of an app
//
// A code's record has a latch of its own, taken behind that of the user whose app asks.
package authcode
