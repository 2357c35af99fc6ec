package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// A world of another shape would fail tests only when they run.
var (
	_ flowtest.Authenticator = (*sim.World)(nil)
	_ flowtest.Passkeys      = (*sim.World)(nil)
	_ flowtest.MobileApp     = (*sim.World)(nil)
	_ flowtest.PushApp       = (*sim.World)(nil)
	_ flowtest.CodeApp       = (*sim.World)(nil)
)

// openLab makes the simulated world of one flow test with the capabilities in it.
func openLab(ctx context.Context, g flowtest.Given) (*flowtest.Lab, error) {
	o := sim.Options{Seed: g.Test}
	if g.Durable {
		dir, err := os.MkdirTemp("", "mfaflow-test-*")
		if err != nil {
			return nil, fmt.Errorf("folder of the store: %w", err)
		}
		o.Dir = dir
	}
	discard := func() error {
		if o.Dir == "" {
			return nil
		}
		return os.RemoveAll(o.Dir)
	}
	w, err := sim.New(ctx, o)
	if err != nil {
		return nil, errors.Join(err, discard())
	}
	return &flowtest.Lab{
		World: w, Environment: sim.Environment,
		DB: func() *store.DB { return w.DB() },
		Capabilities: func() []connector.Capability {
			return capabilities.All(capabilities.Deps{MFA: w.API(), Joined: true, Now: w.Now})
		},
		SetPolicy: w.SetPolicy, Unplug: w.Unplug,
		Close: func() error { return errors.Join(w.Close(), discard()) },
	}, nil
}

// flowsBeside finds flows among the files of dir, then among the shipped templates.
// dir may be nil; name puts a file's name into problems.
func flowsBeside(dir fs.FS, name func(file string) string) (func(id string) (string, []byte, error), error) {
	known := map[string]source{}
	for _, folder := range []fs.FS{flows.Templates(), dir} {
		if folder == nil {
			continue
		}
		list, err := readFlows(folder)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if f, _ := flows.Parse(s.name, s.text); f != nil && f.ID != "" {
				if folder == dir {
					s.name = name(s.name)
				}
				known[f.ID] = s
			}
		}
	}
	return func(id string) (string, []byte, error) {
		s, ok := known[id]
		if !ok {
			return "", nil, flowtest.ErrNoFlow
		}
		return s.name, s.text, nil
	}, nil
}

// loadTests reads a test file with the flows beside it.
func loadTests(file string, text []byte, caps *connector.Registry) (*flowtest.Suite, []flows.Problem, error) {
	folder := filepath.Dir(file)
	find, err := flowsBeside(os.DirFS(folder), func(name string) string { return filepath.Join(folder, name) })
	if err != nil {
		return nil, nil, err
	}
	suite, problems, err := flowtest.Load(file, text, flowtest.Options{Lab: openLab, Source: find, Capabilities: caps})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return suite, problems, nil
}
