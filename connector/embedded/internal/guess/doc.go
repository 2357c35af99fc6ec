// Package guess counts wrong codes of a user and target, whatever they were sent for.
//
//	E/guess/<user>/<HMAC of client and target>    one record each, from the first wrong code on
//
// A target is an address, however spelled and whatever device it belongs to, or a device
// that makes its codes itself. After so many wrong codes in a row the target waits, after
// as many more twice as long, up to a day: nothing is sent to it or compared meanwhile. A
// right code forgets them, and so does a week without a wrong one, in which who never
// pauses has about as many guesses as who starts anew (NIST SP 800-63B 5.2.2 asks for a
// limit of this kind, and for waiting in the place of a lock).
//
// It stands beside three other counts. The policy kills a code after a few wrong ones and
// may let its device cool down; the settings may lock the account; Limits.FailuresInRow may
// block the device. The first that refuses is the one that answers, and a guess that any of
// them refuses is not compared and counted nowhere. Only this count is common to all
// authentications, one-time devices and mailed codes, and it ends by itself.
//
// An address that is not the user's own (a one-time device, one that waits for its
// activation) is also counted together with all others of that kind, or a thousand
// addresses would be a thousand times the guesses. A right code gives back only what was
// counted of its own address: who has one of them wins no guesses at the others.
//
// A browser that is remembered of the user has counts of its own, so that strangers who
// guess do not make it wait.
package guess
