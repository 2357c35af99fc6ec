// Package password hashes passwords with argon2id and says which ones are good enough.
package password
