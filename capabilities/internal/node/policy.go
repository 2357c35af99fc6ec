package node

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

const policies = "deviceAuthenticationPolicies"

// Policy reads a device authentication policy: id, else the connection's, else the
// environment's default, whose answer is its member of the collection.
func (c Client) Policy(ctx context.Context, id string) (Answer, *connector.Fail) {
	if id = First(id, c.PolicyID); id != "" {
		return c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{policies, id}})
	}
	all, fail := c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{policies}})
	if fail != nil {
		return Answer{}, fail
	}
	for _, p := range all.Objects(policies) {
		if p["default"] == true {
			all.Body = p
			return all, nil
		}
	}
	none := NotFound("the environment has no default device authentication policy")
	return Answer{}, &none
}
