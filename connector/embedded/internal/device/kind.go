package device

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/mask"
)

// Kind is what the service must know of a device type. A new type is a new entry of
// Kinds; routes, tables and records stay.
type Kind struct {
	Type    string
	Label   string // for typeDisplayNames
	Channel string // the channel that carries its codes
	Target  string // the attribute that holds the address
	Valid   func(address string) bool
	Mask    func(address string) string
	AMR     string // its entry in authenticators
}

// Kinds are the types that this service can pair and challenge, in the order in which
// they are offered.
func Kinds() []Kind {
	return []Kind{
		{Type: "EMAIL", Label: "Email", Channel: "EMAIL", Target: "email", Valid: address.ValidEmail, Mask: mask.Email, AMR: "email"},
	}
}

// KindOf finds a type.
func KindOf(deviceType string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Type == deviceType {
			return k, true
		}
	}
	return Kind{}, false
}
