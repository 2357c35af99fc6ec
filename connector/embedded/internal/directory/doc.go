// Package directory is PingOne's users (reference pingone-platform-api 1 and 3):
// profiles, their lookup by user name and e-mail, passwords, and the switches enabled
// and mfaEnabled.
//
//	E/user/<id>             hot record (package account)
//	E/userinfo/<id>         profile
//	E/password/<id>         argon2id hash
//	E/username/<hmac>       → user id; the record makes the name unique
//	E/email/<hmac>/<id>     lookup only; an address may be shared
package directory
