package otp

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Guess reads the member otp of a body. It must be a text: a number would lose leading
// zeros. What is no text is no guess and is not counted.
func Guess(c *rest.Call) (string, error) {
	var b struct {
		OTP *string `json:"otp"`
	}
	if err := c.Decode(&b); err != nil {
		return "", err
	}
	switch {
	case b.OTP == nil:
		return "", rest.Required("otp")
	case *b.OTP == "":
		return "", rest.Empty("otp")
	}
	return *b.OTP, nil
}

// Refusal is PingOne's error for a verdict other than Right. Whether a code was wrong,
// dead or locked is for the caller's worker; pages show one text.
func Refusal(r Result) *rest.Problem {
	switch r.Verdict {
	case Wrong:
		return rest.Refuse(rest.InvalidData, rest.InvalidOTP, "otp", "Wrong OTP was provided").With("attemptsRemaining", r.Left)
	case Expired:
		return rest.Refuse(rest.RequestFailed, rest.OTPSessionExpired, "otp", "The OTP has expired; ask for a new one")
	}
	return rest.Refuse(rest.RequestFailed, rest.TooManyOTPRetries, "otp", "Too many wrong OTPs were provided; ask for a new one later")
}
