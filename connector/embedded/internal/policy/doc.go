// Package policy holds device authentication policies and MFA settings: their shape and
// PingOne's defaults and ranges (reference pingone-mfa-api 5 and 6.1), and their routes.
package policy
