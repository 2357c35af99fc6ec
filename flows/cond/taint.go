package cond

import "strings"

// taint is what a schema says of a value's use; what is derived from it has it too.
type taint uint8

const (
	secretTaint   taint = 1 << iota // may go only where secrets are taken
	personalTaint                   // stands hashed in trace and audit
)

// ownTaint is that of the value itself.
func (t *Type) ownTaint() taint {
	var m taint
	if t.Secret {
		m |= secretTaint
	}
	if t.Personal {
		m |= personalTaint
	}
	return m
}

// taintInside are those of the value and of everything in it.
func (t *Type) taintInside() taint {
	if t == nil {
		return 0
	}
	m := t.ownTaint() | t.Items.taintInside()
	for _, f := range t.Fields {
		m |= f.Type.taintInside()
	}
	return m
}

// taintedType is a value of which nothing is known but its marks.
func taintedType(m taint) *Type {
	return &Type{Secret: m&secretTaint != 0, Personal: m&personalTaint != 0}
}

// withTaint is t with more marks.
func (t *Type) withTaint(m taint) *Type {
	if t.ownTaint()|m == t.ownTaint() {
		return t
	}
	c := *t
	c.Secret, c.Personal = t.Secret || m&secretTaint != 0, t.Personal || m&personalTaint != 0
	return &c
}

// Called is t for a member of that name, of which doc is the schema: what is called as
// names and addresses of people are is personal, unless the schema says whether it is.
func (t *Type) Called(name string, doc map[string]any) *Type {
	if doc["x-personal"] == nil && namesPerson(name) && isScalar(t.Kind) {
		return t.withTaint(personalTaint)
	}
	return t
}

// secretNames are what members with secrets are called, in lower case, where no schema
// says what a member is: services send more than they document.
var secretNames = map[string]bool{
	"secret": true, "clientsecret": true, "keyuri": true, "seed": true, "privatekey": true,
	"password": true, "currentpassword": true, "newpassword": true, "passcode": true, "otp": true, "pin": true,
	"devicesession": true, "token": true, "accesstoken": true, "refreshtoken": true, "idtoken": true, "authorization": true, "cookie": true,
}

// personalNames are what members with names and addresses of people are called, in lower
// case. A schema overrules this with `x-personal: false`.
var personalNames = map[string]bool{
	"email": true, "emailaddress": true, "mail": true, "phone": true, "phonenumber": true, "mobile": true, "mobilephone": true, "primaryphone": true,
	"username": true, "nickname": true, "displayname": true, "fullname": true, "givenname": true, "familyname": true, "firstname": true,
	"lastname": true, "given": true, "middle": true, "family": true, "formatted": true, "address": true, "streetaddress": true, "birthdate": true,
	"extension": true, "onetimeemaildevice": true, "onetimesmsdevice": true, "onetimevoicedevice": true, "publickeycredentialcreationoptions": true,
}

var plainName = strings.NewReplacer("_", "", "-", "")

func namesSecret(member string) bool { return secretNames[strings.ToLower(plainName.Replace(member))] }

func namesPerson(member string) bool {
	return personalNames[strings.ToLower(plainName.Replace(member))]
}
