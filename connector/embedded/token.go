package embedded

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// tokenLife is how long a worker's token is good (reference pingone-mfa-api 1.1).
const tokenLife = time.Hour

// workers gives tokens to worker clients and knows them again. A token is its expiry and
// an HMAC over it, the environment and the store's epoch: stored nowhere.
type workers struct {
	key     []byte
	db      *store.DB
	env     string
	secrets map[string]string
}

func newWorkers(db *store.DB, o Options) workers {
	return workers{key: db.Derive("embedded worker token"), db: db, env: o.Environment, secrets: o.Workers}
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
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b[8:], w.sign(b[:8])) {
		return false
	}
	return w.db.Now().Unix() < int64(binary.BigEndian.Uint64(b))
}

// known compares a client's secret in constant time; an unknown client costs the same.
func (w workers) known(id, secret string) bool {
	want, ok := w.secrets[id]
	mac := func(s string) []byte {
		m := hmac.New(sha256.New, w.key)
		m.Write([]byte(s))
		return m.Sum(nil)
	}
	return hmac.Equal(mac(secret), mac(want)) && ok && want != ""
}

// serveToken answers POST {env}/as/token: client_credentials, with HTTP Basic or the
// form's client_id and client_secret. Its errors are OAuth's, not PingOne's.
func (s *Service) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		oauthError(w, http.StatusMethodNotAllowed, "invalid_request", "use POST")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "the form cannot be read")
		return
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		id, secret = unescape(id), unescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	switch {
	case !s.workers.known(id, secret):
		w.Header().Set("WWW-Authenticate", "Basic")
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Request denied: Unsupported authentication method or bad credentials")
	case r.PostForm.Get("grant_type") != "client_credentials":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "only client_credentials is served")
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": s.workers.issue(), "token_type": "Bearer", "expires_in": int(tokenLife / time.Second)})
	}
}

// unescape undoes the form encoding that OAuth wants inside Basic (RFC 6749 2.3.1).
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func oauthError(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": text})
}
