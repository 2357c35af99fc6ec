// Package account is the hot record of a user: what changes while somebody signs on.
// It holds status, the order of devices, the counters and locks of password and codes,
// and nothing that a person typed, so that it stays within 1 KB with fifteen devices,
// whatever went wrong with their codes; fifteen phones that are locked in every way at
// once take half as much again. Whatever verifies a proof latches it first.
package account
