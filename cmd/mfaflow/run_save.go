package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// record is a walk as a flow test (contract 4).
type record struct {
	flow   *flows.Flow
	inputs map[string]any // with expressions for what differs from run to run
	steps  []string       // lines of YAML, each a step
	apps   []*totp        // accounts in the authenticator app, newest first
	mail   *mailbox
	sent   map[string]int // messages by channel that a step has told of
}

func newRecord(f *flows.Flow, inputs map[string]any, mail *mailbox) *record {
	r := &record{flow: f, inputs: map[string]any{}, mail: mail, sent: map[string]int{}}
	for name, v := range inputs {
		r.inputs[name] = literal(v)
	}
	return r
}

// answered records a step and its answer.
func (r *record) answered(s *engine.Step, a *answer) {
	r.see(s)
	if a.form == nil {
		r.add(pair{"act", a.action.ID})
		return
	}
	form := map[string]any{}
	for _, f := range a.fields {
		if v, ok := a.form[f.name]; ok {
			form[f.name] = r.value(&f, v)
		}
	}
	r.add(pair{"act", a.action.ID}, pair{"form", form})
}

// value is the value of a field for a test: what was read from a message or an app, or
// chosen from the step, is read and chosen again, for it is another in each run.
func (r *record) value(f *field, v any) any {
	for _, c := range f.choices {
		if c.from != "" && c.value == v {
			return "=" + c.from
		}
	}
	count := map[string]int{}
	for _, m := range r.mail.list {
		place := "phone"
		if m.Channel == "EMAIL" {
			place = "inbox"
		}
		if m.Code != "" && m.Code == v {
			return fmt.Sprintf("=%s[%d].code", place, count[place])
		}
		count[place]++
	}
	if code, ok := v.(string); ok && f.secret {
		if i := r.fromApp(code); i >= 0 {
			return fmt.Sprintf("=app[%d].code", i)
		}
	}
	return literal(v)
}

// fromApp finds the account that a code is of. A test's clock stands still, and no code
// is good twice: what passed since that account's last code is written before.
func (r *record) fromApp(code string) int {
	for i, a := range r.apps {
		step, ok := a.step(code, time.Now())
		if !ok {
			continue
		}
		if passed := time.Duration(step-a.used) * time.Duration(a.period) * time.Second; a.used > 0 && passed > 0 {
			r.add(pair{"clock", passed.String()})
		}
		a.used = step
		return i
	}
	return -1
}

// moved records a step that went on by itself.
func (r *record) moved(s *engine.Step, began time.Time) {
	r.see(s)
	switch {
	case !time.Now().Before(s.ExpiresAt):
		r.add(pair{"clock", (s.ExpiresAt.Sub(began).Round(time.Second) + time.Second).String()})
	case polls(s):
		r.add(pair{"act", pollAction})
	}
}

// canceled records that the walk was broken off at a step.
func (r *record) canceled(s *engine.Step) {
	if s != nil {
		r.see(s)
	}
	r.add(pair{"cancel", true})
}

// see records a screen. The app scans what it shows, once.
func (r *record) see(s *engine.Step) {
	shown := []pair{{"see", s.Screen}}
	if s.Message != nil {
		shown = append(shown, pair{"message", s.Message.Key})
	}
	r.add(r.expecting(shown)...)
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		a, ok := readTOTP(textOf(s.With[name]))
		known := ok && slices.ContainsFunc(r.apps, func(b *totp) bool { return bytes.Equal(a.key, b.key) })
		if ok && !known {
			r.apps = slices.Insert(r.apps, 0, a)
			r.add(pair{"scan", "=step.with." + name})
		}
	}
}

// expecting adds what was sent since the last step: a test that counts it also has it
// delivered, before a newer code takes its place.
func (r *record) expecting(shown []pair) []pair {
	count := map[string]int{}
	for _, m := range r.mail.list {
		count[m.Channel]++
	}
	var news []any
	for _, channel := range slices.Sorted(maps.Keys(count)) {
		if count[channel] > r.sent[channel] {
			news = append(news, fmt.Sprintf("sent.%s == %d", channel, count[channel]))
		}
	}
	r.sent = count
	switch len(news) {
	case 0:
		return shown
	case 1:
		return append(shown, pair{"expect", news[0]})
	}
	return append(shown, pair{"expect", news})
}

// pair is a member of a step, in the order in which people write it.
type pair struct {
	name  string
	value any
}

func (r *record) add(members ...pair) {
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = m.name + ": " + yamlOf(m.value)
	}
	r.steps = append(r.steps, "- { "+strings.Join(parts, ", ")+" }")
}

// save writes the walk as a flow test.
func (w *walk) save(ctx context.Context, file string, e *engine.Execution) error {
	policy, err := w.policy(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, w.rec.test(policy, e), 0o600); err != nil {
		return fmt.Errorf("save the walk: %w", err)
	}
	w.out.saved(file)
	return nil
}

// policy is what of the walk's policy can make a test end otherwise: tests begin with
// another one.
func (w *walk) policy(ctx context.Context) (map[string]any, error) {
	const id = "mfa/read-device-authentication-policy"
	c, ok := w.app.caps.Lookup(id)
	if !ok {
		return nil, fmt.Errorf("save the walk: there is no capability %s", id)
	}
	done, ok := c.Run(ctx, connector.Call{Input: map[string]any{"deviceAuthenticationPolicyId": ""}, Key: "run/policy"}).(connector.Complete)
	if !ok {
		return nil, fmt.Errorf("save the walk: %s failed", id)
	}
	raw, _ := done.Output["rawResponse"].(map[string]any)
	policy := map[string]any{}
	for _, name := range []string{"email", "sms", "voice", "whatsApp", "totp"} {
		method, _ := raw[name].(map[string]any)
		kept := map[string]any{}
		for _, member := range []string{"enabled", "passcodeGracePeriod"} {
			if v, ok := method[member]; ok {
				kept[member] = v
			}
		}
		if otp, ok := method["otp"].(map[string]any); ok && otp["failure"] != nil {
			kept["otp"] = map[string]any{"failure": otp["failure"]}
		}
		policy[name] = kept
	}
	return policy, nil
}

// test is the file.
func (r *record) test(policy map[string]any, e *engine.Execution) []byte {
	var b bytes.Buffer
	user := map[string]any{
		"password": demoPassword, "email": demoEmail, "mfaEnabled": true,
		"devices": []any{map[string]any{"type": "EMAIL", "email": demoEmail}},
	}
	fmt.Fprintf(&b, "schema: flowtest/v1\nflow: %s\n", r.flow.ID)
	b.WriteString("given:\n  policy:\n")
	for _, name := range slices.Sorted(maps.Keys(policy)) {
		fmt.Fprintf(&b, "    %s: %s\n", name, yamlOf(policy[name]))
	}
	fmt.Fprintf(&b, "  users:\n    %s: %s\n", demoUser, yamlOf(user))
	fmt.Fprintf(&b, "tests:\n  - name: %s\n", yamlOf(r.flow.Title))
	fmt.Fprintf(&b, "    inputs: %s\n    client: { webauthn: NONE }\n    steps:\n", yamlOf(r.inputs))
	end := []pair{{"end", cmp.Or(e.Outcome, strings.ToLower(string(e.Status)))}}
	if e.Error != nil {
		end = append(end, pair{"error", e.Error.Code})
	}
	r.add(r.expecting(end)...)
	for _, s := range r.steps {
		fmt.Fprintf(&b, "      %s\n", s)
	}
	return b.Bytes()
}

// literal makes a value that no test takes for an expression.
func literal(v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "=") {
			return "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(v) + "'"
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = literal(item)
		}
		return list
	case map[string]any:
		o := make(map[string]any, len(v))
		for k, item := range v {
			o[k] = literal(item)
		}
		return o
	}
	return v
}

// plainText is text that YAML reads as text without quotes.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([._-][A-Za-z0-9]+)*$`)

// yamlOf writes a value on one line: maps and lists in braces, text that could be read
// as anything else in double quotes, whose escapes are JSON's.
func yamlOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, yamlOf(name)+": "+yamlOf(v[name]))
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = yamlOf(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if plainText.MatchString(v) && !reserved(v) {
			return v
		}
		return quoted(v)
	}
	return jsonOf(v)
}

// quoted writes text in double quotes. What is not printable is escaped: some of it YAML
// takes for the end of a line.
func quoted(s string) string {
	b := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		default:
			b = fmt.Appendf(b, `\U%08x`, r)
		}
	}
	return string(append(b, '"'))
}

// reserved words are something else than text to some reader of YAML.
func reserved(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf":
		return true
	}
	return false
}
