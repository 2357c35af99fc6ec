package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// config is how a server is set up: flag over environment over file over default.
type config struct {
	listen      string         // HOST:PORT
	data        string         // the folder of store and key
	dev         bool           // inbox, demo user, no address limits, loopback only
	token       string         // the management token; "" is made from the key
	environment string         // id of the embedded PingOne environment; "" is made at first start
	url         string         // public base; "" is http://listen
	key         string         // master key, base64 of 32 bytes; "" is the file data/key
	flows       string         // a folder of flows to deploy at start, and in dev when they change
	smtpURL     string         // where mail goes to, see embedded.NewSMTP; "" is nowhere
	hookURL     string         // where text messages and calls go to, see embedded.Webhook
	hookSecret  string         // that signs what goes there
	proxies     []netip.Prefix // that may name the client

	auditRetention time.Duration // how long audit is kept; 0 for ever
	workerID       string        // of a client that may use the embedded PingOne API
	workerSecret   string
	origins        []string          // of which passkeys may answer, beside the server's own
	topOrigins     []string          // that may frame pages on which passkeys answer
	env            map[string]string // what flows read as env.*

	warnings []string // what was found while it was read, for the log

	// What no user sets: tests bring a clock, timers, cheap hashes, certificates and templates.
	now      func() time.Time
	after    func(time.Duration) <-chan time.Time
	smtp     embedded.SMTPOptions
	hashCost embedded.HashCost
	send     func(context.Context, outbox.Message) error

	templates fs.FS // nil: those of the binary
}

// settings are the words of the configuration, in every spelling: flag --x, environment
// MFAFLOW_X, member x of the file.
var settings = []struct{ name, fallback, help string }{
	{"listen", "127.0.0.1:8080", "address to serve on, HOST:PORT"},
	{"data", "./data", "folder of the store and the key"},
	{"token", "", "management token (default: made at first start and printed once)"},
	{"environment", "", "id of the embedded PingOne environment, a UUID (default: made at first start)"},
	{"url", "", "public base URL (default: http://LISTEN)"},
	{"flows", "", "folder of *.yaml flows to deploy at start"},
	{"key", "", "master key, base64 of 32 bytes (default: the file DATA/key)"},
	{"smtp-url", "", "smtp://user:password@host:port?from=address&tls=starttls|implicit|none, where e-mail goes to"},
	{"sms-webhook-url", "", "https URL of the gateway for SMS, VOICE, WHATSAPP and PUSH"},
	{"sms-webhook-secret", "", "secret that signs the requests to it"},
	{"worker-id", "", "client id of a worker that may use the embedded PingOne API"},
	{"worker-secret", "", "its secret, 16 characters at least that nobody guesses"},
	{"origins", "", "comma-separated further origins of which passkeys may answer, https://login.example.com"},
	{"top-origins", "", "comma-separated origins whose pages may frame those on which passkeys answer (default: none)"},
	{"audit-retention", "90d", "how long the audit is kept, in days (90d) or hours (2160h), a day at least; 0 is for ever"},
	{"proxies", "", "comma-separated networks whose X-Forwarded-For is believed"},
}

// secretSettings have no flag: what is on a command line, others on the machine can read.
var secretSettings = []string{"key", "token", "smtp-url", "sms-webhook-url", "sms-webhook-secret", "worker-secret"}

func addSettings(cmd *cobra.Command) {
	cmd.Long = cmd.Short + ".\n\nEach flag is also MFAFLOW_… in the environment and a member of the configuration file.\nSet there only:\n"
	for _, s := range settings {
		if slices.Contains(secretSettings, s.name) {
			cmd.Long += fmt.Sprintf("  %-28s%s\n", variable(s.name), s.help)
		}
	}
	for _, s := range settings {
		if !slices.Contains(secretSettings, s.name) {
			cmd.Flags().String(s.name, s.fallback, s.help)
		}
	}
	cmd.Flags().String("config", "mfaflow.yaml", "configuration file")
}

// loadConfig puts the four sources together. An unknown member of the file and a value
// that cannot be used are errors that say where.
func loadConfig(cmd *cobra.Command, getenv func(string) string) (*config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, usageError{err}
	}
	file, env, err := readConfigFile(path, cmd.Flags().Changed("config"))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, s := range settings {
		v := s.fallback
		if f, ok := file[s.name]; ok {
			v = f
		}
		if e := getenv(variable(s.name)); e != "" {
			v = e
		}
		if f := cmd.Flags().Lookup(s.name); f != nil && f.Changed {
			v = f.Value.String()
		}
		values[s.name] = v
	}
	c := &config{
		listen: values["listen"], data: values["data"], token: values["token"], url: values["url"],
		environment: values["environment"], flows: values["flows"], key: values["key"], env: env,
		workerID: values["worker-id"], workerSecret: values["worker-secret"],
		smtpURL: values["smtp-url"], hookURL: values["sms-webhook-url"], hookSecret: values["sms-webhook-secret"],
	}
	if err := c.devFrom(cmd, file["dev"], getenv); err != nil {
		return nil, err
	}
	if c.proxies, err = parseProxies(values["proxies"]); err != nil {
		return nil, err
	}
	if c.auditRetention, err = parseRetention(values["audit-retention"]); err != nil {
		return nil, err
	}
	if c.origins, err = parseOrigins("origins", values["origins"]); err != nil {
		return nil, err
	}
	if c.topOrigins, err = parseOrigins("top-origins", values["top-origins"]); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(secretSettings, func(name string) bool { return file[name] != "" }) {
		c.warnings, err = guardConfig(path)
	}
	return c, cmp.Or(err, c.check())
}

// devFrom finds whether this is a dev server: the command dev, the flag, the
// environment, the file.
func (c *config) devFrom(cmd *cobra.Command, inFile string, getenv func(string) string) error {
	v := inFile
	if e := getenv("MFAFLOW_DEV"); e != "" {
		v = e
	}
	if f := cmd.Flags().Lookup("dev"); f == nil || f.Changed {
		v = "true"
		if f != nil {
			v = f.Value.String()
		}
	}
	if v == "" {
		return nil
	}
	dev, err := strconv.ParseBool(v)
	if err != nil {
		return usagef("dev is %q, want true or false", v)
	}
	c.dev = dev
	return nil
}

// check refuses values that cannot be used, before anything is made or opened. Each error
// names the setting, what is wrong with it and what to write.
func (c *config) check() error {
	return cmp.Or(c.checkListen(), c.checkPlaces(), c.checkSecrets(), c.checkSenders())
}

func (c *config) checkListen() error {
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		return usagef("listen is %q, want HOST:PORT such as 127.0.0.1:8080", c.listen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return usagef("listen is %q: the port must be a number below 65536", c.listen)
	}
	if c.dev && !loopback(host) {
		return usagef("a dev server listens on a loopback address only, not on %q: use serve, or --listen 127.0.0.1:%s", host, port)
	}
	return nil
}

func (c *config) checkPlaces() error {
	if c.data == "" {
		return usagef("data is empty, want a folder such as ./data")
	}
	if c.environment != "" {
		if id, err := uuid.Parse(c.environment); err != nil || id.String() != c.environment {
			return usagef("environment is %q, want a UUID in lower case", c.environment)
		}
	}
	if c.url != "" {
		u, err := url.Parse(c.url)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return usagef("url is %q, want http(s)://host[:port][/path] such as https://id.example.com", c.url)
		}
	}
	if c.flows != "" {
		if info, err := os.Stat(c.flows); err != nil || !info.IsDir() {
			return usagef("flows is %q, which is no folder: make it, or leave the setting out", c.flows)
		}
	}
	return nil
}

func (c *config) checkSecrets() error {
	if c.key != "" {
		if _, err := c.decodeKey(c.key, "key (MFAFLOW_KEY)"); err != nil {
			return err
		}
	}
	if (c.workerID == "") != (c.workerSecret == "") {
		return usagef("worker-id and worker-secret (MFAFLOW_WORKER_SECRET) go together: set both or none")
	}
	for _, s := range []struct{ name, value string }{
		{"token", c.token}, {"worker-secret", c.workerSecret}, {"sms-webhook-secret", c.hookSecret},
	} {
		if s.value == "" {
			continue
		}
		if err := checkSecret(s.name+" ("+variable(s.name)+")", s.value); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) checkSenders() error {
	if _, err := c.newSMTP(); err != nil {
		return err
	}
	_, err := c.newWebhook()
	return err
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// variable is a setting's name in the environment: MFAFLOW_SMTP_URL for smtp-url.
func variable(setting string) string {
	return "MFAFLOW_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

func parseProxies(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, p := range splitList(list) {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, usagef("proxies: %q is not a network such as 10.0.0.0/8", p)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// minRetention keeps the trace of an execution at least as long as the execution.
const minRetention = 24 * time.Hour

// parseRetention reads a number of days or hours.
func parseRetention(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour}[text[max(len(text)-1, 0):]]
	n, err := strconv.ParseUint(text[:max(len(text)-1, 0)], 10, 16)
	if d := time.Duration(n) * unit; err == nil && unit > 0 && d >= minRetention {
		return d, nil
	}
	return 0, usagef("audit-retention is %q, want days or hours, 90d or 2160h, one day at least, or 0 for ever", text)
}

// parseOrigins takes origins as browsers write them, for they are compared as text.
func parseOrigins(setting, list string) ([]string, error) {
	out := splitList(list)
	for _, o := range out {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || o != u.Scheme+"://"+strings.ToLower(u.Host) {
			return nil, usagef("%s: %q is not an origin such as https://login.example.com", setting, o)
		}
	}
	return out, nil
}

// readConfigFile reads mfaflow.yaml: strings by setting, and the map `env`. A file that
// was not asked for may be missing.
func readConfigFile(path string, asked bool) (values, env map[string]string, err error) {
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	doc, problems := flows.ReadYAML(path, src)
	if len(problems) > 0 {
		return nil, nil, usagef("configuration: %s:%d:%d: %s", path, problems[0].Line, problems[0].Column, problems[0].Text)
	}
	values, env = map[string]string{}, map[string]string{}
	for name, v := range doc {
		switch {
		case name == "env":
			m, ok := v.(map[string]any)
			if !ok {
				return nil, nil, usagef("configuration: %s: env must be a map of strings", path)
			}
			for k, x := range m {
				if env[k], ok = x.(string); !ok {
					return nil, nil, usagef("configuration: %s: env.%s must be a string; quote it", path, k)
				}
			}
		case name == "dev" || slices.ContainsFunc(settings, func(s struct{ name, fallback, help string }) bool { return s.name == name }):
			n, isNumber := v.(float64)
			switch v.(type) {
			case string, bool, float64:
				values[name] = fmt.Sprint(v)
			default:
				return nil, nil, usagef("configuration: %s: %s must be one value", path, name)
			}
			if isNumber {
				// A number loses zeros and digits on its way.
				if values[name] = strconv.FormatFloat(n, 'f', -1, 64); slices.Contains(secretSettings, name) || name == "worker-id" {
					return nil, nil, usagef("configuration: %s: %s must be text; quote it", path, name)
				}
			}
		default:
			return nil, nil, usagef("configuration: %s: unknown setting %q", path, name)
		}
	}
	return values, env, nil
}

// masterKey reads the key from the configuration or its file; at first start it makes
// the file, readable by its owner only.
func (c *config) masterKey() ([]byte, error) {
	if c.key != "" {
		return c.decodeKey(c.key, "key (MFAFLOW_KEY)")
	}
	path := c.path("key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if c.hasStore() {
			return nil, usagef("%s is gone, and without it the store beside it cannot be read: bring it back, or set MFAFLOW_KEY", path)
		}
		return newKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return c.decodeKey(string(b), path)
}

// decodeKey reads a master key. One that is easy to guess is refused for a new store; an
// older one cannot be read with another, so there it is only told.
func (c *config) decodeKey(text, from string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != 32 {
		return nil, usagef("%s is not base64 of 32 bytes; %s", from, makeSecret)
	}
	if (isGuessableKey(key) || isText(key)) && !c.hasStore() {
		return nil, usagef("%s is easy to guess: its bytes are not random; %s", from, makeSecret)
	}
	return key, nil
}

// hasStore reports whether the data folder has been used.
func (c *config) hasStore() bool {
	_, err := os.Stat(c.path("mfaflow.db"))
	return err == nil
}
