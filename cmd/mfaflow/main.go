// Command mfaflow runs identity flows: a server, and the tools of a flow's author.
//
//	mfaflow dev                       serve on a laptop: inbox, demo user, reload
//	mfaflow serve                     serve for real
//	mfaflow run FLOW                  walk a flow in the terminal
//	mfaflow lint|test|fmt|graph FILE… check, test, format, draw flows
//	mfaflow push FILE                 upload a flow to a server
//	mfaflow schema, capability        what a flow may say
//
// This package is the only one that knows all others: it wires them (app.go) and has
// one file a command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes (contract 3).
const (
	exitFine     = 0
	exitProblems = 1 // problems were found, or the work failed
	exitUsage    = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(visibleWriter{stdout})
	root.SetErr(visibleWriter{stderr})
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errReported):
		return exitProblems
	case errors.As(err, &usage):
		fmt.Fprintf(root.ErrOrStderr(), "mfaflow: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(root.ErrOrStderr(), "mfaflow: %v\n", err)
	return exitProblems
}

// errReported says that the command has already told what is wrong.
var errReported = errors.New("problems were found")

// usageError is a command line that cannot be obeyed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "mfaflow",
		Short:         "Sign-on and MFA flows as files: check them, run them, embed them",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serveCommand(), devCommand(), lintCommand(), fmtCommand(), testCommand(), pushCommand(),
		graphCommand(), schemaCommand(), capabilityCommand(), versionCommand(), runCommand())
	return root
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q for %q; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

func needArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs %s", cmd.CommandPath(), what)
		}
		return nil
	}
}
