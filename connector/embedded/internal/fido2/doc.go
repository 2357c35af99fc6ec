// Package fido2 holds FIDO2 policies and the metadata of authenticator models: their
// shape, PingOne's ranges and defaults (reference pingone-mfa-api 6.2), and their routes.
// What a policy demands of a passkey is judged by package passkey.
package fido2
