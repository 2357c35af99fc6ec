package embedded

import (
	"net"
	"net/url"
)

// defaultRPID is the relying party of the environment's FIDO2 policy: the host of BaseURL,
// or localhost, for an address cannot have passkeys.
func (o Options) defaultRPID() string {
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return "localhost"
	}
	return u.Hostname()
}

// originsOf lists the origins of which a passkey of a relying party may answer: its own
// over TLS, BaseURL's if that is the relying party's site, and those that Options names.
// An address of this machine is known to browsers as localhost.
func (o Options) originsOf(rpID string) []string {
	out := append([]string{"https://" + rpID}, o.Origins...)
	u, err := url.Parse(o.BaseURL)
	if err != nil || rpID != o.defaultRPID() {
		return out
	}
	host := rpID
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(rpID, port)
	}
	return append(out, u.Scheme+"://"+host)
}
