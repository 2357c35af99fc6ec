package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// The words that stand in samples wherever a schema marks a secret or a person.
const (
	secretCanary = "CANARY-SECRET"
	personCanary = "CANARY-PERSON"
)

// sampler makes a value of all that a schema describes. Without secrets it is what may
// leave an execution.
type sampler struct{ secrets bool }

func (s sampler) valueOf(schema map[string]any) any {
	if schema["secret"] == true {
		return secretCanary
	}
	if schema["x-personal"] == true {
		return personCanary
	}
	for _, word := range []string{"enum", "x-enum"} {
		if list, ok := schema[word].([]any); ok {
			return list[0]
		}
	}
	switch kindOf(schema) {
	case "integer", "number":
		return 1.0
	case "boolean":
		return true
	case "array":
		items, _ := schema["items"].(map[string]any)
		return []any{s.valueOf(items)}
	case "object":
		return s.object(schema)
	}
	return "text"
}

// object has every member that the schema names, and where it lets others through some
// that a service might send without having documented them.
func (s sampler) object(schema map[string]any) map[string]any {
	m := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		if p := p.(map[string]any); s.secrets || p["secret"] != true {
			m[name] = s.valueOf(p)
		}
	}
	if schema["additionalProperties"] == nil {
		m["undeclared"] = map[string]any{"kept": "text", "list": []any{map[string]any{}}}
		if s.secrets {
			m["undeclared"] = map[string]any{"kept": "text", "client_secret": secretCanary, "list": []any{map[string]any{"password": secretCanary}}}
		}
	}
	return m
}

func kindOf(schema map[string]any) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		for _, name := range t {
			if name != "null" {
				return name.(string)
			}
		}
	}
	if schema["properties"] != nil {
		return "object"
	}
	return ""
}

// sampleInput is what a capability must be given.
func sampleInput(spec *connector.Schema) map[string]any {
	in := map[string]any{}
	properties, _ := spec.Input.Doc["properties"].(map[string]any)
	required, _ := spec.Input.Doc["required"].([]any)
	for _, name := range required {
		in[name.(string)] = sampler{}.valueOf(properties[name.(string)].(map[string]any))
	}
	if in["duration"] != nil {
		in["duration"] = "60" // the one text that is held against a pattern
	}
	return in
}

// canaryEngine runs flows over capabilities that answer with samples.
type canaryEngine struct {
	t   *testing.T
	db  *store.DB
	run *engine.Runner
	log *written
}

func newCanaryEngine(t *testing.T, reg *connector.Registry) *canaryEngine {
	t.Helper()
	var caps []connector.Capability
	for _, e := range reg.All() {
		c, output := e.Capability, e.Spec.Output.Doc
		c.Joined = true
		c.Run = func(context.Context, connector.Call) connector.Outcome {
			return connector.Complete{Output: sampler{secrets: true}.valueOf(output).(map[string]any)}
		}
		caps = append(caps, c)
	}
	answering, err := reg.Rewire(caps...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), memory.New(), store.Options{Key: bytes.Repeat([]byte("k"), 32), Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	x := &canaryEngine{t: t, db: db, log: &written{}}
	x.run, err = engine.New(engine.Options{DB: db, Capabilities: answering, Limits: engine.Limits{StateBytes: 1 << 20}, Log: slog.New(slog.NewJSONHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// put uploads a flow, of which only warnings may be said.
func (x *canaryEngine) put(src string) string {
	x.t.Helper()
	info, err := x.run.Catalog().Put(x.t.Context(), "", []byte(src), true)
	if err != nil {
		var refused *engine.Error
		if errors.As(err, &refused) {
			x.t.Fatalf("%v: %v\n%s", err, refused.Problems, src)
		}
		x.t.Fatal(err)
	}
	return info.ID
}

// execute uploads a flow and starts it.
func (x *canaryEngine) execute(src string) *engine.Execution {
	x.t.Helper()
	e, err := x.run.Start(x.t.Context(), engine.StartRequest{Flow: x.put(src), Manager: true})
	if err != nil {
		x.t.Fatal(err)
	}
	return e
}

// holdsNothing demands that no secret left the execution, and that no name of a person is
// in what outlives it.
func (x *canaryEngine) holdsNothing(e *engine.Execution) {
	x.t.Helper()
	trace, err := x.run.Trace(x.t.Context(), e.ID)
	if err != nil || len(trace.Entries) == 0 {
		x.t.Fatalf("a trace of %v entries: %v", trace, err)
	}
	kept := map[string]string{"trace": jsonOf(trace), "log": x.log.String()}
	for rec, err := range x.db.Scan(x.t.Context(), store.Under("")) {
		if err != nil {
			x.t.Fatal(err)
		}
		if strings.Contains(string(rec.Key), "/audit/") {
			kept[string(rec.Key)] = string(rec.Value)
		}
	}
	if len(kept) < 3 {
		x.t.Fatalf("no audit among %v", slices.Sorted(maps.Keys(kept)))
	}
	for name, text := range kept {
		for _, canary := range []string{secretCanary, personCanary, strings.ToLower(personCanary)} {
			if at := strings.Index(text, canary); at >= 0 {
				x.t.Errorf("%s has %s: …%s", name, canary, text[max(0, at-200):at+20])
			}
		}
	}
	told := *e
	told.DeviceSession = "" // which is the client's own
	if text := jsonOf(told); strings.Contains(text, secretCanary) {
		x.t.Errorf("the execution gives a secret: %s", text)
	}
}

// wholeFlow gives back all that a capability answers, in every way that there is.
const wholeFlow = `schema: flow/v1
id: whole
title: Whole
start: x
catch: { else: broken }
nodes:
  x:
    uses: %[1]s
    with: %[2]s
    save: v
    set: { w: =out, list: "=[out]" }
    next:
      - { when: len(out) > 0 and has(nodes.x) and vars.w != nil, then: route }
      - then: broken
  route: { match: "keys(vars.w)[0]", next: { else: sub } }
  sub: { call: passes, with: { plain: =nodes.x, items: "=[nodes.x]" }, next: done }
  done:
    end: done
    outputs:
      o: =nodes.x
      v: =vars.v
      list: =vars.list
      object: "={k: nodes.x}"
      values: "=values({k: nodes.x})"
      first: =first(vars.list)
      choice: "=has(client.locale) ? nodes.x : vars.w"
      filter: =filter(vars.list, has(.rawResponse))
      map: =map(vars.list, .)
      nested: "=map(vars.list, ({k: [.]}))"
      found: =find(vars.list, true) ?? nil
      indexed: =vars.list[0]
      sub: =nodes.sub.outputs
      yaml: { a: [ "=nodes.x" ] }
  broken: { end: failed }
`

const passesFlow = `schema: flow/v1
id: passes
title: Passes
start: say
inputs: { plain: { type: object }, items: { type: array, items: {} } }
nodes:
  say: { set: { kept: =inputs }, next: back }
  back: { end: back, outputs: { plain: =inputs.plain, all: =inputs, kept: =vars.kept, items: "=map(inputs.items ?? [], .)" } }
`

const errorFlow = `schema: flow/v1
id: fails
title: Fails
start: x
nodes:
  x: { uses: %[1]s, with: %[2]s, next: bad, catch: { else: bad } }
  bad: { end: failed, error: { code: NO_LUCK, details: "=nodes.x?.rawResponse" } }
`

const showFlow = `schema: flow/v1
id: shows
title: Shows
start: x
screens:
  all: { title: All, with: { o: { type: object, additionalProperties: true }, id: { type: object, properties: { statusCode: { type: integer } } } }, actions: { submit: { title: Go } } }
nodes:
  x: { uses: %[1]s, with: %[2]s, next: show, catch: { else: bad } }
  show: { show: all, with: { o: =nodes.x, id: =nodes.x }, next: bad }
  bad: { end: failed }
`

func TestEveryCapabilityGivesItsOutputBackWithoutSecrets(t *testing.T) {
	t.Parallel()
	reg, err := connector.NewRegistry(capabilities.All(capabilities.Deps{})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range reg.All() {
		t.Run(entry.ID, func(t *testing.T) {
			t.Parallel()
			x := newCanaryEngine(t, reg)
			with := jsonOf(sampleInput(entry.Spec))
			x.put(passesFlow)
			e := x.execute(fmt.Sprintf(wholeFlow, entry.ID, with))
			if e.Status != engine.Completed {
				t.Fatalf("ended %s: %s", e.Status, jsonOf(e))
			}
			want := sampler{}.valueOf(entry.Spec.Output.Doc).(map[string]any)
			want["visits"] = 1.0
			if diff := cmp.Diff(any(want), e.Outputs["o"]); diff != "" {
				t.Errorf("outputs.o (-documented +got)\n%s", diff)
			}
			x.holdsNothing(e)

			e = x.execute(fmt.Sprintf(errorFlow, entry.ID, with))
			if e.Error == nil || e.Error.Code != "NO_LUCK" || len(e.Error.Details) == 0 {
				t.Errorf("error is %s, want NO_LUCK with details", jsonOf(e.Error))
			}
			x.holdsNothing(e)

			e = x.execute(fmt.Sprintf(showFlow, entry.ID, with))
			if e.Step == nil || !cmp.Equal(e.Step.With["id"], any(map[string]any{"statusCode": 1.0})) {
				t.Fatalf("shown: %s, want the status code alone in `id`", jsonOf(e))
			}
			x.holdsNothing(e)
		})
	}
}

func TestEveryDeviceListIsShownMasked(t *testing.T) {
	t.Parallel()
	reg, err := connector.NewRegistry(capabilities.All(capabilities.Deps{})...)
	if err != nil {
		t.Fatal(err)
	}
	for id, list := range map[string]string{
		"mfa/read-all-devices": "nodes.x.devices", "pingid/read-all-devices": "nodes.x.devices", "mfa/set-device-order": "nodes.x.rawResponse._embedded?.devices",
		"mfa/create-device-authentication": "nodes.x.rawResponse._embedded?.devices", "mfa/read-device-authentication": "nodes.x.rawResponse._embedded?.devices",
		"mfa/device-selection": "nodes.x.rawResponse._embedded?.devices",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			entry, _ := reg.Lookup(id)
			x := newCanaryEngine(t, reg)
			e := x.execute(fmt.Sprintf(`schema: flow/v1
id: devices
title: Devices
start: x
nodes:
  x: { uses: %s, with: %s, next: show, catch: { else: bad } }
  show: { show: device-list, with: { devices: "=%s" }, next: bad }
  bad: { end: failed }
`, id, jsonOf(sampleInput(entry.Spec)), list))
			devices, _ := e.Step.With["devices"].([]any)
			if len(devices) != 1 {
				t.Fatalf("shown: %s, want one device", jsonOf(e.Step))
			}
			device := devices[0].(map[string]any)
			if device["id"] != "text" || device["email"] != "****" || device["phone"] != "*******" || device["nickname"] != personCanary {
				t.Errorf("device %v, want id and nickname, e-mail and telephone masked", device)
			}
			if device["undeclared"] != nil || device["keyUri"] != nil || device["serialNumber"] != nil {
				t.Errorf("device %v has members that the screen does not declare", device)
			}
			x.holdsNothing(e)
		})
	}
}
