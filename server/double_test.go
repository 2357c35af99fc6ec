package server_test

import (
	"context"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// runner and catalog are function-field doubles; a nil field is NOT_FOUND.
type runner struct {
	start  func(engine.StartRequest) (*engine.Execution, error)
	resume func(string, engine.ResumeRequest) (*engine.Execution, error)
	get    func(string, engine.Access) (*engine.Execution, error)
	cancel func(string, engine.Access) (*engine.Execution, error)
	trace  func(string) (*engine.Trace, error)
}

var errNotFound = &engine.Error{Code: engine.NotFound, Text: "there is no such thing"}

func (r *runner) Start(_ context.Context, q engine.StartRequest) (*engine.Execution, error) {
	if r.start == nil {
		return nil, errNotFound
	}
	return r.start(q)
}

func (r *runner) Resume(_ context.Context, id string, q engine.ResumeRequest) (*engine.Execution, error) {
	if r.resume == nil {
		return nil, errNotFound
	}
	return r.resume(id, q)
}

func (r *runner) Get(_ context.Context, id string, a engine.Access) (*engine.Execution, error) {
	if r.get == nil {
		return nil, errNotFound
	}
	return r.get(id, a)
}

func (r *runner) Cancel(_ context.Context, id string, a engine.Access) (*engine.Execution, error) {
	if r.cancel == nil {
		return nil, errNotFound
	}
	return r.cancel(id, a)
}

func (r *runner) Trace(_ context.Context, id string) (*engine.Trace, error) {
	if r.trace == nil {
		return nil, errNotFound
	}
	return r.trace(id)
}

type catalog struct {
	put    func(id string, src []byte, deploy bool) (engine.Uploaded, error)
	check  func(id string, src []byte) (engine.Uploaded, error)
	list   func() ([]engine.FlowInfo, error)
	source func(id, revision string) ([]byte, string, error)
	revs   func(id string) ([]engine.RevisionInfo, error)
	deploy func(id, revision string) (engine.Uploaded, error)
	flow   func(id string) (*flows.Flow, error)
}

func (c *catalog) Put(_ context.Context, id string, src []byte, deploy bool) (engine.Uploaded, error) {
	if c.put == nil {
		return engine.Uploaded{}, errNotFound
	}
	return c.put(id, src, deploy)
}

func (c *catalog) Validate(_ context.Context, id string, src []byte) (engine.Uploaded, error) {
	if c.check == nil {
		return engine.Uploaded{}, errNotFound
	}
	return c.check(id, src)
}

func (c *catalog) List(context.Context) ([]engine.FlowInfo, error) {
	if c.list == nil {
		return nil, nil
	}
	return c.list()
}

func (c *catalog) Source(_ context.Context, id, revision string) ([]byte, string, error) {
	if c.source == nil {
		return nil, "", errNotFound
	}
	return c.source(id, revision)
}

func (c *catalog) Revisions(_ context.Context, id string) ([]engine.RevisionInfo, error) {
	if c.revs == nil {
		return nil, errNotFound
	}
	return c.revs(id)
}

func (c *catalog) Deploy(_ context.Context, id, revision string) (engine.Uploaded, error) {
	if c.deploy == nil {
		return engine.Uploaded{}, errNotFound
	}
	return c.deploy(id, revision)
}

func (c *catalog) Flow(_ context.Context, id string) (*flows.Flow, error) {
	if c.flow == nil {
		return nil, errNotFound
	}
	return c.flow(id)
}
