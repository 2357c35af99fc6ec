// Package app is the side of the native apps: an open protocol, described in
// docs/app-protocol.md, below /{env}/app on the auth host. Its calls carry no token; each
// is signed with a key that the app made when it was paired. The public half is kept in
//
//	E/app/<device>    user, application, key, the last sequence numbers
//
// which goes with the device: an app that is unpaired is refused at once.
package app
