// Passkeys for pages: what PingOne's options strings and mfaflow's forms look like on one
// side, navigator.credentials on the other.
//
//   import { create, get } from "/assets/passkey.js"
//   step.with.options --create--> form.attestation (screen passkey-create)
//   step.with.options --get-----> form.assertion   (screen passkey)
//
// form.origin is location.origin. Both throw what the browser throws: NotAllowedError when
// the dialog was dismissed, InvalidStateError when the passkey is registered already.

// bytes takes PingOne's arrays of signed bytes, and base64url where another service sends it.
function bytes(value) {
  if (typeof value !== "string") return new Uint8Array(value);
  const text = atob(value.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

// base64 is what goes back; null, as of a userHandle, is "".
function base64(buffer) {
  if (!buffer) return "";
  let text = "";
  for (const b of new Uint8Array(buffer)) text += String.fromCharCode(b);
  return btoa(text);
}

function named(list) {
  return (list || []).map((c) => ({ ...c, id: bytes(c.id) }));
}

function read(options) {
  return typeof options === "string" ? JSON.parse(options) : options;
}

function answer(credential, response) {
  return JSON.stringify({
    id: credential.id,
    rawId: base64(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment || undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

// create registers a passkey and returns the attestation.
export async function create(options) {
  const o = read(options);
  const publicKey = {
    ...o,
    challenge: bytes(o.challenge),
    user: { ...o.user, id: bytes(o.user.id) },
    pubKeyCredParams: o.pubKeyCredParams.map((p) => ({ ...p, alg: Number(p.alg) })),
    excludeCredentials: named(o.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  return answer(made, {
    clientDataJSON: base64(made.response.clientDataJSON),
    attestationObject: base64(made.response.attestationObject),
    transports: made.response.getTransports ? made.response.getTransports() : [],
  });
}

// get signs with a passkey and returns the assertion.
export async function get(options) {
  const o = read(options);
  const publicKey = { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials) };
  const used = await navigator.credentials.get({ publicKey });
  return answer(used, {
    clientDataJSON: base64(used.response.clientDataJSON),
    authenticatorData: base64(used.response.authenticatorData),
    signature: base64(used.response.signature),
    userHandle: base64(used.response.userHandle),
  });
}

// compatibility is the client fact `webauthn` of this browser: FULL, SECURITY_KEY_ONLY or NONE.
export async function compatibility() {
  if (!window.PublicKeyCredential) return "NONE";
  const onboard = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  return onboard ? "FULL" : "SECURITY_KEY_ONLY";
}
