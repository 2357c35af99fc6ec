package cond

import (
	"slices"
	"strings"
	"unicode"
)

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

// MarkByName returns t for a member of that name, of which doc is the schema: what is called as
// names and addresses of people are is personal, unless the schema says whether it is.
func (t *Type) MarkByName(name string, doc map[string]any) *Type {
	if doc["x-personal"] == nil && namesPerson(name) && isScalar(t.Kind) {
		return t.withTaint(personalTaint)
	}
	return t
}

// secretNames are what members with secrets are called, in lower case, where no schema
// says what a member is: services send more than they document.
var secretNames = map[string]bool{
	"secret": true, "keyuri": true, "seed": true, "privatekey": true,
	"password": true, "passwd": true, "passphrase": true, "passcode": true, "otp": true, "pin": true, "apikey": true,
	"devicesession": true, "token": true, "authorization": true, "cookie": true, "recoverycode": true, "verificationcode": true,
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

// namesSecret reports whether a member is called as secrets are: by the whole name or its
// last words, one or many, or with what form the secret is in.
func namesSecret(member string) bool {
	words := wordsOf(member)
	for i := range words {
		tail := strings.Join(words[i:], "")
		if isSecretName(tail) {
			return true
		}
		for _, form := range secretForms {
			if rest, cut := strings.CutSuffix(tail, form); cut && isSecretName(rest) {
				return true
			}
		}
	}
	return false
}

func isSecretName(name string) bool {
	return secretNames[name] || secretNames[strings.TrimSuffix(name, "s")]
}

// secretForms follow the name of a secret that is still one.
var secretForms = []string{"value", "text", "code", "key", "list", "hash", "plain"}

// wordsOf are the words of a name in lower case: userPassword, user_password and
// USER-PASSWORD have the same two.
func wordsOf(name string) []string {
	var words []string
	start, lower := 0, false
	for i, r := range name {
		if lower && unicode.IsUpper(r) {
			words, start = append(words, name[start:i]), i
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
	}
	words = append(words, name[start:])
	return strings.FieldsFunc(strings.ToLower(strings.Join(words, " ")), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// namesPerson reports whether a member is called as names and addresses of people are: by
// the whole name, or by last words that say nothing else.
func namesPerson(member string) bool {
	words := wordsOf(member)
	if n := len(words); n > 1 && slices.Contains(personForms, words[n-1]) {
		words = words[:n-1]
	}
	for i := range words {
		if personalWords[strings.Join(words[i:], "")] {
			return true
		}
	}
	return personalNames[strings.ToLower(plainName.Replace(member))]
}

// personForms follow the name of what is personal and say how it is written.
var personForms = []string{"nr", "no", "number", "address", "text", "value"}

// personalWords are the last words of names that are personal: workEmail, phoneNr.
var personalWords = map[string]bool{
	"email": true, "mail": true, "phone": true, "telephone": true, "tel": true, "username": true, "loginname": true, "nickname": true,
	"displayname": true, "fullname": true, "givenname": true, "familyname": true, "firstname": true, "lastname": true, "surname": true, "birthdate": true,
}
