package main

import (
	"fmt"
	"io"
	"os"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
)

// registry is every capability there is, not wired to anything: what an author's tools
// need of it is the schemas.
func registry() (*connector.Registry, error) {
	r, err := connector.NewRegistry(capabilities.All(capabilities.Deps{Joined: true})...)
	if err != nil {
		return nil, fmt.Errorf("capabilities: %w", err)
	}
	return r, nil
}

// source is a flow file as read.
type source struct {
	name string
	text []byte
}

// readSources reads the named files; "-" is standard input.
func readSources(in io.Reader, names []string) ([]source, error) {
	var list []source
	for _, name := range names {
		text, err := readSource(in, name)
		if err != nil {
			return nil, err
		}
		list = append(list, source{name, text})
	}
	return list, nil
}

func readSource(in io.Reader, name string) ([]byte, error) {
	if name == "-" {
		b, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return b, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{err}
	}
	return b, nil
}

// checkAll parses and checks flows together, so that they may call each other, flows in
// the same folder and the shipped templates. It returns the flows by file and every problem.
func checkAll(list []source) (map[string]*flows.Flow, []flows.Problem, error) {
	caps, err := registry()
	if err != nil {
		return nil, nil, err
	}
	shipped, err := readFlows(flows.Templates())
	if err != nil {
		return nil, nil, err
	}
	byFile, mine := map[string]*flows.Flow{}, map[string]bool{}
	var problems []flows.Problem
	var all []*flows.Flow
	for _, s := range list {
		f, bad := flows.Parse(s.name, s.text)
		problems = append(problems, bad...)
		if f != nil {
			byFile[s.name], mine[f.ID] = f, true
			all = append(all, f)
		}
	}
	for _, s := range list { // what they call may stand beside them
		if s.name == "-" {
			continue
		}
		_, called := withCalled(s)
		for _, other := range called[1:] {
			if f, bad := flows.Parse(other.name, other.text); f != nil && !flows.HasErrors(bad) && !mine[f.ID] {
				mine[f.ID] = true
				all = append(all, f)
			}
		}
	}
	for _, s := range shipped {
		if f, bad := flows.Parse(s.name, s.text); f != nil && !flows.HasErrors(bad) && !mine[f.ID] {
			all = append(all, f)
		}
	}
	for _, p := range flows.CheckAll(all, flows.Library{Capabilities: caps, AnyEnv: true}) {
		if byFile[p.File] != nil {
			problems = append(problems, p)
		}
	}
	return byFile, problems, nil
}
