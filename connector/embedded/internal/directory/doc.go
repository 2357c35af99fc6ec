// Package directory is PingOne's users (reference pingone-platform-api 1 to 3):
// profiles, their lookup by user name and e-mail, passwords, the switches enabled and
// mfaEnabled, locks, and the codes that verify an address or recover a password.
//
//	E/user/<id>             hot record (package account)
//	E/userinfo/<id>         profile
//	E/password/<id>         argon2id hash
//	E/usercode/<id>         keyed hashes of the codes that were mailed
//	E/username/<hmac>       → user id; the record makes the name unique
//	E/email/<hmac>/<id>     lookup only; an address may be shared
package directory
