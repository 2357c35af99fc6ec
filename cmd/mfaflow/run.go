package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// runOptions are the flags of `mfaflow run`.
type runOptions struct {
	inputs []string // k=v
	user   string   // given to the flow as userId or username
	save   string   // file of the flow test to write
	output string   // text or json
	config string
}

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run FLOW",
		Short: "Walk a flow in the terminal: its screens as prompts, the inbox beside it",
		Long: `Walk a flow, named by the id of a shipped template or by its file, on data of its own
that are removed at the end. A demo user is there; messages to users are printed.

Answers are typed or read from standard input, a line each. A line that begins with a
colon chooses an action: :cancel. An empty line takes what stands in brackets. A value
that begins with a colon is typed with two.`,
		Args: needArgs("a flow: the id of a template, or a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("run takes one flow, got %d", len(args))
			}
			return runFlow(cmd, args[0], &o)
		},
	}
	cmd.Flags().StringArrayVar(&o.inputs, "input", nil, "an input of the flow, NAME=VALUE; may be repeated")
	cmd.Flags().StringVar(&o.user, "user", "", "give the flow this user (demo) as its input userId or username")
	cmd.Flags().StringVar(&o.save, "save-test", "", "write the walk to this new file as a flow test")
	cmd.Flags().StringVar(&o.config, "config", "mfaflow.yaml", "configuration file, for what flows read as env.*")
	addOutput(cmd, &o.output)
	return cmd
}

// runFlow opens a whole mfaflow on a temporary folder and walks one flow on it.
func runFlow(cmd *cobra.Command, name string, o *runOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	id, list, err := findFlow(cmd, name)
	if err != nil {
		return err
	}
	_, env, err := readConfigFile(o.config, cmd.Flags().Changed("config"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mfaflow-run-")
	if err != nil {
		return fmt.Errorf("temporary data: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	mail := &mailbox{seen: map[string]bool{}}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := openApp(cmd.Context(), &config{data: dir, dev: true, url: "http://127.0.0.1", env: env, send: mail.send}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.deploy(cmd.Context(), list); err != nil {
		return err
	}
	in := newLines(cmd.InOrStdin())
	defer in.restore()
	ctx, gone := context.WithCancel(cmd.Context())
	defer gone()
	signal.Ignore(syscall.SIGPIPE) // or the temporary data would stay
	w := &walk{app: a, mail: mail, in: in, out: newPrinter(cmd.OutOrStdout(), o.output, in.tty, gone)}
	mail.arrived = w.out.mail
	return w.from(ctx, id, o)
}

func (o *runOptions) check() error {
	if o.save == "" {
		return nil
	}
	if _, err := os.Stat(o.save); !errors.Is(err, fs.ErrNotExist) {
		return usagef("--save-test writes a new file, and %s is there", o.save)
	}
	return nil
}

// from starts the flow, walks it to its end and tells how it ended.
func (w *walk) from(ctx context.Context, id string, o *runOptions) error {
	f, err := w.app.runner.Catalog().Flow(ctx, id)
	if err != nil {
		return fmt.Errorf("flow %s: %w", id, err)
	}
	inputs, err := parseInputs(f, o.inputs)
	if err != nil {
		return err
	}
	w.rec = newRecord(f, inputs, w.mail)
	if o.user != "" {
		if err := w.giveUser(ctx, f, o.user, inputs); err != nil {
			return err
		}
	}
	e, err := w.start(ctx, f, inputs)
	if err != nil {
		return err
	}
	w.out.user(demoUser, demoPassword)
	if e, err = w.on(ctx, e); err != nil {
		return err
	}
	w.out.end(e)
	if o.save != "" {
		if err := w.save(ctx, o.save, e); err != nil {
			return err
		}
	}
	if e.Status != engine.Completed {
		return errReported
	}
	return nil
}

// giveUser sets the input by which the flow takes a user.
func (w *walk) giveUser(ctx context.Context, f *flows.Flow, name string, inputs map[string]any) error {
	takes := func(input string) bool {
		_, given := inputs[input]
		return !given && slices.ContainsFunc(f.Inputs, func(in flows.Input) bool { return in.Name == input })
	}
	found, err := w.app.do(ctx, "user/find", map[string]any{"username": name})
	switch {
	case err != nil && found.Code == "NOT_FOUND":
		return usagef("--user: there is no user %q, only %s", name, demoUser)
	case err != nil:
		return err
	case takes("userId"):
		inputs["userId"] = found.userID
		w.rec.inputs["userId"] = "=users." + name + ".id"
	case takes("username"):
		inputs["username"] = name
		w.rec.inputs["username"] = name
	default:
		return usagef("--user: the flow takes no userId and no username besides those given%s", inputsText(f))
	}
	return nil
}

// start begins the execution. Inputs that the flow refuses are the command line's fault.
func (w *walk) start(ctx context.Context, f *flows.Flow, inputs map[string]any) (*engine.Execution, error) {
	e, err := w.app.runner.Start(ctx, engine.StartRequest{
		Flow: f.ID, Inputs: inputs, Client: engine.ClientFacts{WebAuthn: "NONE"}, Manager: true,
	})
	var refused *engine.Error
	if errors.As(err, &refused) && refused.Code == engine.InputInvalid {
		var text strings.Builder
		for _, bad := range refused.Fields {
			fmt.Fprintf(&text, "\n  %s: %s", bad.Field, bad.Text)
		}
		return nil, usagef("the inputs have errors%s%s", text.String(), inputsText(f))
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.ID, err)
	}
	return e, nil
}

// findFlow finds what to run: the id, and the files to deploy for it, none for a
// shipped template.
func findFlow(cmd *cobra.Command, name string) (id string, list []source, err error) {
	shipped, err := readFlows(flows.Templates())
	if err != nil {
		return "", nil, err
	}
	var ids []string
	for _, s := range shipped {
		ids = append(ids, strings.TrimSuffix(s.name, ".yaml"))
	}
	if slices.Contains(ids, name) {
		return name, nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", nil, usagef("%q is no file and no template; the templates are %s", name, strings.Join(ids, ", "))
	}
	f, list := withCalled(source{name, text})
	_, problems, err := checkAll(list)
	if err != nil {
		return "", nil, err
	}
	problems = slices.DeleteFunc(problems, func(p flows.Problem) bool { return p.Warning })
	if len(problems) > 0 || f == nil {
		sortProblems(problems, names(list))
		return "", nil, errors.Join(printProblems(cmd.ErrOrStderr(), "text", problems), errReported)
	}
	return f.ID, list, nil
}

// withCalled is the flow of a file, and that file with those beside it that it calls.
func withCalled(first source) (*flows.Flow, []source) {
	beside := map[string]source{}
	dir := filepath.Dir(first.name)
	found, err := readFlows(os.DirFS(dir))
	if err != nil {
		found = nil // then only templates can be called, which the check says
	}
	for _, s := range found {
		if f, _ := flows.Parse(s.name, s.text); f != nil {
			beside[f.ID] = source{filepath.Join(dir, s.name), s.text}
		}
	}
	f, _ := flows.Parse(first.name, first.text)
	if f == nil {
		return nil, []source{first}
	}
	beside[f.ID] = first
	list, taken := []source{first}, map[string]bool{f.ID: true}
	for i := 0; i < len(list); i++ {
		calling, _ := flows.Parse(list[i].name, list[i].text)
		for _, n := range calling.Nodes {
			s, there := beside[n.Name]
			if n.Kind == flows.Call && there && !taken[n.Name] {
				taken[n.Name] = true
				list = append(list, s)
			}
		}
	}
	return f, list
}

func names(list []source) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.name
	}
	return out
}
