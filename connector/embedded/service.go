package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/activity"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/authcode"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/authn"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/browser"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/cursor"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/decoy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/directory"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/pairing"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/password"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/risk"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

// Service is an embedded PingOne environment. It is safe for concurrent use.
type Service struct {
	db      *store.DB
	opts    Options
	links   rest.Links
	table   rest.Table
	workers workers
	cursors cursor.Sealer
}

var (
	_ pingone.API  = (*Service)(nil)
	_ http.Handler = (*Service)(nil)
)

// New makes a Service over a store and, in a new environment, writes its default
// policies and a native app. Errors: ErrOptions, or the store's.
func New(ctx context.Context, db *store.DB, o Options) (*Service, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	p, err := seed(o)
	if err != nil {
		return nil, err
	}
	err = db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		if err := application.Seed(tx, o.Environment); err != nil {
			return err
		}
		if err := policy.Seed(tx, o.Environment, p); err != nil {
			return err
		}
		return fido2.Seed(tx, o.Environment, o.defaultRPID())
	})
	if err != nil {
		return nil, fmt.Errorf("write what the environment begins with: %w", err)
	}
	if err := o.FIDOMetadata.write(ctx, db, o.Environment); err != nil {
		return nil, err
	}
	s := &Service{db: db, opts: o, links: rest.NewLinks(o.BaseURL, o.Environment), workers: newWorkers(db, o)}
	if s.cursors, err = cursor.New(db.Derive("embedded cursor")); err != nil {
		return nil, err
	}
	s.table = rest.NewTable(s.routes()...)
	return s, nil
}

// seed is the policy of a new environment.
func seed(o Options) (*policy.Policy, error) {
	p := policy.Default(rest.FixedID(o.Environment, "deviceAuthenticationPolicy"), NativeApplication(o.Environment))
	if o.Policy == nil {
		return p, nil
	}
	id := p.ID
	p = &policy.Policy{}
	if err := json.Unmarshal(o.Policy, p); err != nil {
		return nil, fmt.Errorf("policy: %w: %w", err, ErrOptions)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w: %w", err, ErrOptions)
	}
	p.Complete()
	p.ID = id
	return p, nil
}

// routes puts the one table together.
func (s *Service) routes() []rest.Route {
	o, env := s.opts, s.opts.Environment
	checker := otp.Checker{Key: s.db.Derive("embedded otp"), Epoch: s.db.Epoch(), Env: env, OnCompare: o.OnCompare}
	policies := policy.NewPolicies()
	browsers := &browser.Browsers{Policies: policies, Key: s.db.Derive("embedded browser"), Epoch: s.db.Epoch(), Env: env,
		Most: o.Limits.Browsers}
	sender := notify.Notifier{Channels: o.Channels, Test: o.TestDevices, Quota: notify.Quota{
		PerUser: o.Limits.MessagesPerUser, PerTarget: o.Limits.MessagesPerTarget,
		Unproven: o.Limits.unprovenLimits(), Key: s.db.Derive("embedded target"), Browser: browsers.Find, Verified: verifiedEmail}}
	guesses := &guess.Guard{Key: s.db.Derive("embedded guess"), InRow: o.Limits.GuessesInRow, Wait: o.Limits.GuessWait,
		Longest: o.Limits.LongestGuessWait, Browser: browsers.Find}
	decoys := decoy.IDs{Key: s.db.Derive("embedded decoy"), Env: env}
	users := &directory.Directory{
		Names: s.db.Derive("embedded username"), Addresses: s.db.Derive("embedded email"),
		Population: rest.FixedID(env, "population"), PolicyID: rest.FixedID(env, "passwordPolicy"),
		Policy: o.Passwords.complete(), ScanLimit: o.Limits.ScanUsers,
		Hasher: password.NewHasher(password.Cost(o.HashCost), store.NewGate(o.HashParallel, o.Limits.HashesPerLane, o.Limits.Hashes), o.OnHash), Notify: sender,
		Codes: directory.Codes{Key: s.db.Derive("embedded user code"), Epoch: s.db.Epoch(), Failures: o.Limits.CodeFailures,
			OnCompare: o.OnCompare},
		Guesses: guesses, Decoys: decoys,
		Cursors: s.cursors,
	}
	activities := &activity.Activities{Cursors: s.cursors, ScanLimit: o.Limits.ScanActivities}
	risks := &risk.Risk{Key: s.db.Derive("embedded risk"), Life: o.Limits.RiskLife, Remembered: browsers.Holds}
	users.Forget = append(users.Forget, browsers.Forget, risks.Forget, pairing.Forget, guess.Forget)
	keys := &pairing.Keys{Policies: policies, Secret: s.db.Derive("embedded pairing code"), Epoch: s.db.Epoch(),
		Guesses: o.Limits.PairingGuesses, GuessesPerKey: o.Limits.PairingGuessesPerKey}
	apps := &app.Apps{Keys: keys, Logs: o.OnLogs}
	credentials := device.Credentials{Key: s.db.Derive("embedded credential")}
	devices := &device.Devices{
		Browsers: browsers, Credentials: credentials, Origins: o.originsOf, TopOrigins: o.TopOrigins, PayloadOf: apps.DeviceOf,
		Policies: policies, Checker: checker, Notify: sender, Row: o.Limits.FailuresInRow, Resends: o.Limits.Resends,
		MaxPending: o.Limits.PendingDevices, PendingLife: o.Limits.PendingLife, Profile: profile, Guesses: guesses,
	}
	authentications := &authn.Authentications{
		Credentials: credentials, Origins: o.originsOf, TopOrigins: o.TopOrigins,
		Policies: policies, Checker: checker, Notify: sender, Row: o.Limits.FailuresInRow, Resends: o.Limits.Resends,
		Life: o.Limits.AuthenticationLife, Apps: apps, Guesses: guesses, Profile: profile, Decoys: decoys,
	}
	codes := &authcode.Codes{Policies: policies, Apps: apps, Secret: s.db.Derive("embedded authentication code"), Epoch: s.db.Epoch(),
		Guesses: o.Limits.CodeGuesses}
	var all []rest.Route
	for _, r := range [][]rest.Route{environmentRoutes(), users.Routes(), devices.Routes(), policy.Routes(), fido2.Routes(), authentications.Routes(),
		browsers.Routes(), risks.Routes(), activities.Routes(), application.Routes(), keys.Routes(), apps.Routes(),
		codes.Routes()} {
		all = append(all, r...)
	}
	return all
}

// Do answers one request. It joins the unit of work that ctx carries, else it makes one:
// what it writes, messages and events included, is committed together or not at all. A
// refusal is a Response; an error means that the store gave no answer (store.ErrBusy,
// store.ErrContended, store.ErrUnknown, …) or that the request cannot be encoded.
func (s *Service) Do(ctx context.Context, req pingone.Request) (pingone.Response, error) {
	if _, err := req.Path.Escape(); err != nil {
		return pingone.Response{}, err
	}
	body, err := encode(req.Body)
	if err != nil {
		return pingone.Response{}, fmt.Errorf("encode the request: %w", err)
	}
	return s.serve(ctx, call{Request: req, body: body, actor: "flow", target: s.target(req)})
}

// target is the path, with the query, of a request that comes without one.
func (s *Service) target(req pingone.Request) string {
	t := "/" + s.opts.Environment
	if req.Host == pingone.HostAPI {
		t = "/v1/environments" + t
	}
	if path, err := req.Path.Escape(); err == nil && path != "" {
		t += "/" + path
	}
	if len(req.Query) > 0 {
		t += "?" + req.Query.Encode()
	}
	return t
}

// call is a request with its body as bytes.
type call struct {
	pingone.Request
	body    []byte
	refusal *rest.Problem // of a body that cannot be read; nil for one that can
	actor   string
	target  string // path and query, as they were sent
}

// serve finds the route and runs it in a unit of work.
func (s *Service) serve(ctx context.Context, q call) (pingone.Response, error) {
	run, params, problem := s.table.Find(q.Host, q.Method, q.Path, q.MediaType)
	if problem == nil {
		problem = q.refusal
	}
	if problem != nil {
		return s.answer(q, rest.Reply{}, problem)
	}
	var reply rest.Reply
	var refusal *rest.Problem
	err := s.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		reply, refusal = rest.Reply{}, nil
		query := maps.Clone(q.Query)
		if query == nil {
			query = url.Values{}
		}
		r, err := run(&rest.Call{Ctx: ctx, DB: s.db, Tx: tx, Env: s.opts.Environment, Links: s.links, Method: q.Method, Target: q.target,
			Params: params, Query: query, Header: q.Header, Body: q.body, Actor: q.actor})
		reply = r
		if p, ok := rest.ProblemOf(err); ok {
			refusal = p
			if p.Kept() {
				return nil
			}
		}
		return err
	})
	if refusal != nil && errors.Is(err, refusal) {
		err = nil
	}
	if err != nil {
		return pingone.Response{}, err
	}
	return s.answer(q, reply, refusal)
}

// answer encodes a reply or a refusal.
func (s *Service) answer(q call, reply rest.Reply, refusal *rest.Problem) (pingone.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	if id := q.Header.Get(transactionHeader); transactionID.MatchString(id) {
		header.Set(transactionHeader, id)
	}
	if refusal != nil {
		maps.Copy(header, refusal.Header)
		e := refusal.Body
		e.ID = s.db.NewID()
		reply = rest.Reply{Status: e.Status, Body: e}
	}
	maps.Copy(header, reply.Header)
	if reply.Body == nil {
		header.Del("Content-Type")
		return pingone.Response{Status: reply.Status, Header: header}, nil
	}
	body, err := encode(reply.Body)
	if err != nil {
		return pingone.Response{}, fmt.Errorf("encode the answer: %w", err)
	}
	return pingone.Response{Status: reply.Status, Header: header, Body: body}, nil
}

// transactionHeader is echoed when it is well formed (reference pingone-mfa-api 10.6).
const transactionHeader = "X-Ping-External-Transaction-Id"

var transactionID = regexp.MustCompile(`^[A-Za-z0-9._/@=#+-]{1,100}$`)

// encode writes JSON without HTML escapes; nil gives nothing.
func encode(v any) ([]byte, error) {
	switch raw := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		return raw, nil
	case json.RawMessage:
		return raw, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
