// Package passkey is the server's half of WebAuthn Level 3: it writes the options of a
// registration and of an authentication and verifies what comes back. It knows no store:
// that a challenge is live and a credential id new, and the saving of counters, are the
// caller's.
//
// Every refusal names the step of the standard that refused, in the numbering of
// section 1.5 of the project's security reference: "7.1.12" is step 12 of §7.1.
//
// Signatures and the attestation formats packed and fido-u2f are verified by go-webauthn.
// Formats whose roots or manufacturers that library fixes (android-key, apple, tpm) and all
// that it leaves to its user are verified here.
package passkey
