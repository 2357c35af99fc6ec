package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// maxAnswer is the largest answer that is read, in bytes.
const maxAnswer = 1 << 20

// Do sends a signed call to a path below the phone's device, "" for the device itself, and
// reads the answer into out, unless that is nil. A refusal is a *pingone.Error.
func (p *Phone) Do(ctx context.Context, method, below string, in, out any) error {
	s := p.state()
	if s.Device == "" {
		return ErrUnpaired
	}
	path := "devices/" + s.Device
	if below != "" {
		path += "/" + below
	}
	return p.call(ctx, s.Key, method, path, in, out)
}

// call sends a signed call to a path below "app".
func (p *Phone) call(ctx context.Context, key *jose.JSONWebKey, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode a call of the phone: %w", err)
		}
	}
	s := p.state()
	target := "/" + s.Environment + "/app/" + path
	signed, err := p.prove(key, method, target, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Base+target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("call of the phone: %w", err)
	}
	req.Header.Set(proofHeader, signed)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return p.send(req, out)
}

func (p *Phone) send(req *http.Request, out any) error {
	resp, err := p.opts.Transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("call of the phone: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("answer to the phone: %w", err)
	}
	if e := pingone.ErrorOf(pingone.Response{Status: resp.StatusCode, Header: resp.Header, Body: body}); e != nil {
		return e
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("answer to the phone: %w", err)
	}
	return nil
}

// handled is a transport without a network.
type handled struct{ http.Handler }

// RoundTrip asks the handler.
func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{status: http.StatusOK, header: http.Header{}}
	h.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r}, nil
}

// recorder keeps an answer.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
