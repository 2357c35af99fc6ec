package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve flows and the embedded PingOne MFA API over HTTP",
		Args:  noArgs,
		RunE:  runServer,
	}
	addSettings(cmd)
	cmd.Flags().Bool("dev", false, "as mfaflow dev")
	return cmd
}

func devCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve on a laptop: inbox at /dev/inbox, demo user, flows reloaded as they change",
		Args:  noArgs,
		RunE:  runServer,
	}
	addSettings(cmd)
	return cmd
}

func runServer(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd, os.Getenv)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if c.url == "" {
		c.url = "http://" + l.Addr().String()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a, err := openApp(cmd.Context(), c, newLog(cmd.ErrOrStderr()))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	a.greet(cmd.OutOrStdout())
	a.instance.Greeted = true
	if err := a.remember(cmd.Context()); err != nil {
		return errors.Join(err, l.Close(), a.close())
	}
	fmt.Fprintln(cmd.OutOrStdout(), "ready")
	return errors.Join(a.serve(cmd.Context(), l), a.close())
}

// gcPercent trades memory for time: the heap that lives is a few MB and a sign-on makes
// garbage by the hundred KB. Against 100 it takes a fifth off the CPU of a sign-on and
// adds some 15 MB (BenchmarkSignOn with GOGC set). GOGC in the environment wins.
const gcPercent = 300

func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, nil))
}

// serve runs the server and everything that works in the background until ctx is done
// or one of them cannot go on. A store that has stopped ends the process: only opening
// it again shows what its last commit did.
func (a *app) serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	jobs := map[string]func(context.Context) error{
		"server":       func(ctx context.Context) error { return a.server.Serve(ctx, l) },
		"timers":       a.runner.Run,
		"outbox":       a.outbox.Run,
		"store":        a.watchStore,
		"housekeeping": a.housekeep,
	}
	if a.config.dev && a.config.flows != "" {
		jobs["flows"] = a.reload
	}
	done := make(chan error, len(jobs))
	for name, job := range jobs {
		go func() {
			err := job(ctx)
			if err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
			done <- err
		}()
	}
	for range jobs {
		<-done
	}
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (a *app) watchStore(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-a.db.Failed():
		return errors.New("stopped after a commit of unknown outcome; start again to read what it holds")
	}
}

// reload deploys flows as their files change. It looks once a second: a folder of flows
// is small, and every editor writes files in its own way.
func (a *app) reload(ctx context.Context) error {
	dir := os.DirFS(a.config.flows)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
		list, err := readFlows(dir)
		if err != nil {
			a.log.Warn("flows", slog.Any("error", err))
			continue
		}
		a.deployChanged(ctx, list)
	}
}
