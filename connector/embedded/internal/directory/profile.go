package directory

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Profile is what a client may write of a user. Pointers let null clear a member.
type Profile struct {
	Username          string   `json:"username"`
	Email             *string  `json:"email,omitempty"`
	Name              *Name    `json:"name,omitempty"`
	Nickname          *string  `json:"nickname,omitempty"`
	Title             *string  `json:"title,omitempty"`
	Type              *string  `json:"type,omitempty"`
	Locale            *string  `json:"locale,omitempty"`
	PreferredLanguage *string  `json:"preferredLanguage,omitempty"`
	Timezone          *string  `json:"timezone,omitempty"`
	PrimaryPhone      *string  `json:"primaryPhone,omitempty"`
	MobilePhone       *string  `json:"mobilePhone,omitempty"`
	AccountID         *string  `json:"accountId,omitempty"`
	ExternalID        *string  `json:"externalId,omitempty"`
	Address           *Address `json:"address,omitempty"`
	Photo             *Photo   `json:"photo,omitempty"`
}

// Name is a person's name.
type Name struct {
	Given           *string `json:"given,omitempty"`
	Middle          *string `json:"middle,omitempty"`
	Family          *string `json:"family,omitempty"`
	Formatted       *string `json:"formatted,omitempty"`
	HonorificPrefix *string `json:"honorificPrefix,omitempty"`
	HonorificSuffix *string `json:"honorificSuffix,omitempty"`
}

// identity are the texts by which others know the user, which a password must not be made
// of.
func (p Profile) identity() (texts []string) {
	texts = append(texts, p.Username, p.email())
	all := []*string{p.Nickname, p.PrimaryPhone, p.MobilePhone, p.AccountID, p.ExternalID}
	if n := p.Name; n != nil {
		all = append(all, n.Given, n.Middle, n.Family, n.Formatted)
	}
	for _, text := range all {
		if text != nil {
			texts = append(texts, *text)
		}
	}
	return texts
}

// Address is a postal address.
type Address struct {
	StreetAddress *string `json:"streetAddress,omitempty"`
	Locality      *string `json:"locality,omitempty"`
	Region        *string `json:"region,omitempty"`
	PostalCode    *string `json:"postalCode,omitempty"`
	CountryCode   *string `json:"countryCode,omitempty"`
}

// Photo points to a picture.
type Photo struct {
	Href *string `json:"href,omitempty"`
}

// The patterns of PingOne's attributes.
var (
	text     = regexp.MustCompile(`^[\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}]*$`)
	narrow   = regexp.MustCompile(`^[\p{L}\p{M}\p{N}' .-]*$`)
	zone     = regexp.MustCompile(`^\w+/\w+$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
	hasDigit = regexp.MustCompile(`[0-9]`)
	weblink  = regexp.MustCompile(`^https?://\S+$`)
)

// rule says how long an attribute may be, in characters, and what it must match.
type rule struct {
	name    string
	value   *string
	most    int
	pattern *regexp.Regexp
}

func (p *Profile) rules() []rule {
	n, a, ph := p.Name, p.Address, p.Photo
	if n == nil {
		n = &Name{}
	}
	if a == nil {
		a = &Address{}
	}
	if ph == nil {
		ph = &Photo{}
	}
	return []rule{
		{"name.given", n.Given, 256, text}, {"name.middle", n.Middle, 256, text},
		{"name.family", n.Family, 256, narrow}, {"name.formatted", n.Formatted, 256, narrow},
		{"name.honorificPrefix", n.HonorificPrefix, 256, text}, {"name.honorificSuffix", n.HonorificSuffix, 256, text},
		{"nickname", p.Nickname, 256, text}, {"title", p.Title, 256, text}, {"type", p.Type, 256, text},
		{"locale", p.Locale, 256, text}, {"preferredLanguage", p.PreferredLanguage, 256, text},
		{"timezone", p.Timezone, 256, zone}, {"accountId", p.AccountID, 256, text}, {"externalId", p.ExternalID, 1024, nil},
		{"primaryPhone", p.PrimaryPhone, 32, hasDigit}, {"mobilePhone", p.MobilePhone, 32, hasDigit},
		{"address.streetAddress", a.StreetAddress, 256, nil}, {"address.locality", a.Locality, 256, nil},
		{"address.region", a.Region, 256, nil}, {"address.postalCode", a.PostalCode, 40, nil},
		{"address.countryCode", a.CountryCode, 2, country}, {"photo.href", ph.Href, 2048, weblink},
	}
}

// validate returns nil or the first refusal.
func (p *Profile) validate() error {
	switch {
	case p.Username == "":
		return rest.Required("username")
	case address.Fold(p.Username) == "":
		return rest.Empty("username")
	}
	if err := check(rule{"username", &p.Username, 128, text}); err != nil {
		return err
	}
	if p.Email != nil && *p.Email != "" && !address.ValidEmail(*p.Email) {
		return rest.Invalid("email", "must be a valid e-mail address")
	}
	for _, r := range p.rules() {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

func check(r rule) error {
	switch {
	case r.value == nil || *r.value == "":
		return nil
	case utf8.RuneCountInString(*r.value) > r.most:
		return rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, r.name, fmt.Sprintf("must have at most %d characters", r.most))
	case r.pattern != nil && !r.pattern.MatchString(*r.value):
		return rest.Invalid(r.name, "has characters or a shape that are not allowed").With("allowedPattern", r.pattern.String())
	}
	return nil
}

// email is the address, or "".
func (p *Profile) email() string {
	if p.Email == nil {
		return ""
	}
	return *p.Email
}
