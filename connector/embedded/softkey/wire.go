package softkey

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// octets are bytes of options: PingOne's array of signed numbers, or base64url as
// PublicKeyCredential.toJSON has it.
type octets []byte

// UnmarshalJSON reads either.
func (o *octets) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		*o = raw
		return err
	}
	var numbers []int
	if err := json.Unmarshal(b, &numbers); err != nil {
		return err
	}
	*o = make([]byte, len(numbers))
	for i, n := range numbers {
		(*o)[i] = byte(n)
	}
	return nil
}

// number is an algorithm, which PingOne has been seen to write as a string.
type number int64

// UnmarshalJSON reads either.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*n = number(v)
	return err
}

type descriptor struct {
	ID octets `json:"id"`
}

type creation struct {
	RP struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID octets `json:"id"`
	} `json:"user"`
	Challenge  octets `json:"challenge"`
	Parameters []struct {
		Alg number `json:"alg"`
	} `json:"pubKeyCredParams"`
	Exclude   []descriptor `json:"excludeCredentials"`
	Selection struct {
		Attachment   string `json:"authenticatorAttachment"`
		ResidentKey  string `json:"residentKey"`
		Verification string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	Attestation string `json:"attestation"`
	Extensions  struct {
		Properties bool `json:"credProps"`
	} `json:"extensions"`
}

type request struct {
	Challenge    octets       `json:"challenge"`
	RPID         string       `json:"rpId"`
	Allow        []descriptor `json:"allowCredentials"`
	Verification string       `json:"userVerification"`
}

func read(options string, to any) error {
	if err := json.Unmarshal([]byte(options), to); err != nil {
		return fmt.Errorf("read the options: %w: %w", ErrType, err)
	}
	return nil
}

// clientData is what the browser signs of its own.
func clientData(kind, origin string, challenge []byte) []byte {
	b, _ := json.Marshal(struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}{kind, base64.RawURLEncoding.EncodeToString(challenge), origin, false})
	return b
}

// answer is the JSON string that PingOne's scripts send: id in base64url, all else in
// base64 with padding.
func (k *Key) answer(id []byte, response, extensions map[string]any) string {
	b, _ := json.Marshal(map[string]any{
		"id": base64.RawURLEncoding.EncodeToString(id), "rawId": standard(id), "type": "public-key",
		"response": response, "clientExtensionResults": extensions, "authenticatorAttachment": k.o.Attachment,
	})
	return string(b)
}

func standard(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
