// Package softkey is a FIDO2 authenticator and its browser in software, for tests of flows
// with passkeys. It takes the options strings that PingOne's front ends hand to
// navigator.credentials and answers with the strings that they send back:
//
//	key := softkey.New(softkey.Options{})
//	attestation, err := key.Create("https://example.com", creationOptions)
//	assertion, err := key.Get("https://example.com", requestOptions)
//
// Its keys live in memory and protect nothing.
package softkey
