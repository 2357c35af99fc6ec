package embedded

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/wire"
	"github.com/mfaflow/mfaflow/store"
)

// tokenLife is how long a worker's token is good (reference pingone-mfa-api 1.1).
const tokenLife = time.Hour

// maxForm is the largest form that is read, in bytes: whoever sends it has shown nothing yet.
const maxForm = 16 << 10

// workers gives tokens to worker clients and knows them again. A token is its expiry and
// an HMAC over it, the environment and the store's epoch: stored nowhere.
type workers struct {
	key     []byte
	db      *store.DB
	env     string
	secrets map[string]string
	guesses *guesses
}

func newWorkers(db *store.DB, o Options) workers {
	return workers{key: db.Derive("embedded worker token"), db: db, env: o.Environment, secrets: o.Workers, guesses: newGuesses(o.Limits.WrongSecrets)}
}

func (w workers) issue() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(w.db.Now().Add(tokenLife).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, w.sign(b)...))
}

func (w workers) sign(expiry []byte) []byte {
	m := hmac.New(sha256.New, w.key)
	m.Write(expiry)
	m.Write(binary.BigEndian.AppendUint64(nil, w.db.Epoch()))
	m.Write([]byte(w.env))
	return m.Sum(nil)
}

func (w workers) valid(token string) bool {
	b, err := wire.DecodeBase64URL(token)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b[8:], w.sign(b[:8])) {
		return false
	}
	return w.db.Now().Unix() < int64(binary.BigEndian.Uint64(b))
}

// known compares a client's secret in constant time; an unknown client costs the same.
func (w workers) known(id, secret string) bool {
	want := w.secrets[id] // "" for an unknown client
	mac := func(s string) []byte {
		m := hmac.New(sha256.New, w.key)
		m.Write([]byte(s))
		return m.Sum(nil)
	}
	return hmac.Equal(mac(secret), mac(want)) && want != ""
}

// serveToken answers POST {env}/as/token: client_credentials, with HTTP Basic or the
// form's client_id and client_secret. Its errors are OAuth's, not PingOne's.
func (s *Service) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "OPTIONS, POST")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		oauthError(w, http.StatusMethodNotAllowed, "invalid_request", "use POST")
		return
	}
	form, why := readForm(w, r)
	if why != "" {
		oauthError(w, http.StatusBadRequest, "invalid_request", why)
		return
	}
	id, secret, why := s.workers.readClient(r.Header, form)
	if why != "" {
		oauthError(w, http.StatusBadRequest, "invalid_request", why)
		return
	}
	from := origin{client: id, address: addressOf(r)}
	if !s.workers.guesses.mayGuess(from, s.db.Now()) {
		w.Header().Set("Retry-After", "60")
		oauthError(w, http.StatusTooManyRequests, "temporarily_unavailable", "too many wrong secrets of this client")
		return
	}
	known := s.workers.known(id, secret)
	s.workers.guesses.recordGuess(from, known, s.db.Now())
	switch {
	case !known:
		w.Header().Set("WWW-Authenticate", "Basic")
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Request denied: Unsupported authentication method or bad credentials")
	case form.Get("grant_type") != "client_credentials":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "only client_credentials is served")
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": s.workers.issue(), "token_type": "Bearer", "expires_in": int(tokenLife / time.Second)})
	}
}

// readClient reads who asks for a token, or says why it cannot: a client shows its secret in
// one way, and names itself once (RFC 6749 section 2.3). A Basic that cannot be read is an
// unknown client's; another scheme is not about clients.
func (w workers) readClient(h http.Header, form url.Values) (id, secret, why string) {
	scheme, _, ok := wire.ReadCredentials(h)
	if strings.Join(h.Values("Authorization"), "") == "" || ok && scheme != "basic" {
		return form.Get("client_id"), form.Get("client_secret"), ""
	}
	user, password, _ := wire.ReadBasic(h)
	id, secret = w.decodeClient(user, password)
	switch named := form.Get("client_id"); {
	case form.Has("client_secret"):
		return "", "", "the secret is there twice: send it in the header Authorization or in the form"
	case named != "" && named != id:
		return "", "", "the header Authorization and client_id name two clients"
	}
	return id, secret, ""
}

// addressOf is from where a request comes: the lane that the server in front has put it in,
// else the peer of its connection.
func addressOf(r *http.Request) string {
	if lane := store.LaneOf(r.Context()); lane != "" {
		return lane
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// readForm reads the form of a token request, or says why it cannot. No parameter may be
// there twice (RFC 6749 section 3.2).
func readForm(w http.ResponseWriter, r *http.Request) (form url.Values, why string) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !isUTF8(r.Header.Get("Content-Type")) || kind != "application/x-www-form-urlencoded" || len(r.Header.Values("Content-Type")) > 1 {
		return nil, "the body must be application/x-www-form-urlencoded in UTF-8"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, "the form cannot be read, or is too large"
	}
	if form, err = url.ParseQuery(string(body)); err != nil {
		return nil, "the form is malformed"
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret"} {
		if len(form[name]) > 1 {
			return nil, name + " is there more than once"
		}
	}
	return form, ""
}

// decodeClient returns id and secret that were inside Basic. OAuth has both form-encoded (RFC
// 6749 section 2.3.1) and many clients send them as they are, so that a plus sign in a
// secret must be right either way.
func (w workers) decodeClient(user, password string) (id, secret string) {
	id, secret = user, password
	if _, ok := w.secrets[id]; !ok {
		id = unescape(user)
	}
	if decoded := unescape(password); w.known(id, decoded) {
		secret = decoded
	}
	return id, secret
}

// unescape undoes form encoding; what is none stays as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func oauthError(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": text})
}
