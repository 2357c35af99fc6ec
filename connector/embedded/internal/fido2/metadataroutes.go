package fido2

import (
	"encoding/json"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

const metadataPath = "fidoDevicesMetadata"

func metadataRoutes() []rest.Route {
	const one = metadataPath + "/:fidoDeviceID"
	return []rest.Route{
		{Method: http.MethodGet, Path: metadataPath, Run: listModels},
		{Method: http.MethodPost, Path: metadataPath, Run: addModel},
		{Method: http.MethodGet, Path: one, Run: readModel},
		{Method: http.MethodDelete, Path: one, Run: removeModel},
	}
}

// Model is an authenticator model as it is shown. Its id is its AAGUID, which PingOne
// calls mdsIdentifier.
type Model struct {
	Links         rest.LinkSet    `json:"_links"`
	ID            string          `json:"id"`
	Environment   *rest.Ref       `json:"environment"`
	MDSIdentifier string          `json:"mdsIdentifier"`
	AAGUID        string          `json:"aaguid"`
	Description   string          `json:"description,omitempty"`
	Custom        bool            `json:"custom"`
	Statement     json.RawMessage `json:"metadataStatement,omitempty"` // not in lists
	CreatedAt     *rest.Time      `json:"createdAt,omitempty"`
}

func showModel(c *rest.Call, id, description string, custom bool) Model {
	return Model{
		Links: rest.LinkSet{"self": c.Links.API(metadataPath, id), "environment": c.Links.API()},
		ID:    id, Environment: &rest.Ref{ID: c.Env}, MDSIdentifier: id, AAGUID: id, Description: description, Custom: custom,
	}
}

// listModels shows the operator's models, then those of the FIDO Alliance.
func listModels(c *rest.Call) (rest.Reply, error) {
	custom, err := shelf.Load(c.Tx, customKey(c.Env))
	if err != nil {
		return rest.Reply{}, err
	}
	global, err := shelf.Load(c.Tx, globalKey(c.Env))
	if err != nil {
		return rest.Reply{}, err
	}
	all := []Model{}
	for _, e := range custom.All {
		all = append(all, showModel(c, e.ID, e.Name, true))
	}
	for _, e := range global.All {
		all = append(all, showModel(c, e.ID, e.Name, false))
	}
	return rest.OK(shelf.Listed(c, metadataPath, all))
}

// findModel reads the model of the path; 404.
func findModel(c *rest.Call) (string, *model, error) {
	id, err := c.ID("fidoDeviceID")
	if err != nil {
		return "", nil, err
	}
	m, err := shelf.Get[model](c.Tx, modelKey(c.Env, id))
	if err == nil && m == nil {
		err = rest.Missing()
	}
	return id, m, err
}

func readModel(c *rest.Call) (rest.Reply, error) {
	id, m, err := findModel(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(m.show(c, id))
}

func (m *model) show(c *rest.Call, id string) Model {
	out := showModel(c, id, nameOf(m.Statement), m.Custom)
	out.Statement, out.CreatedAt = m.Statement, m.Created
	return out
}

// maxStatement bounds a statement with its icon.
const maxStatement = 128 << 10

// statementBody is a model to add: a metadata statement as manufacturers publish it,
// beside the AAGUID that it is about.
type statementBody struct {
	AAGUID    string          `json:"aaguid"`
	Statement json.RawMessage `json:"metadataStatement"`
}

func (b statementBody) read() ([16]byte, error) {
	switch {
	case b.AAGUID == "":
		return [16]byte{}, rest.Required("aaguid")
	case len(b.Statement) == 0 || string(b.Statement) == "null":
		return [16]byte{}, rest.Required("metadataStatement")
	case len(b.Statement) > maxStatement:
		return [16]byte{}, rest.TooLong("metadataStatement", maxStatement)
	}
	id, err := passkey.ParseAAGUID(b.AAGUID)
	if err != nil || id == [16]byte{} {
		return id, rest.Invalid("aaguid", "is not the AAGUID of an authenticator model")
	}
	aaguid, known, err := passkey.ReadStatement(b.Statement)
	switch {
	case err != nil:
		return id, rest.Invalid("metadataStatement", "is not a metadata statement of the FIDO Alliance's format")
	case aaguid != id:
		return id, rest.Invalid("metadataStatement.aaguid", "must be aaguid")
	case len(known.Roots) == 0:
		return id, rest.Required("metadataStatement.attestationRootCertificates")
	}
	return id, nil
}

func addModel(c *rest.Call) (rest.Reply, error) {
	var b statementBody
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	aaguid, err := b.read()
	if err != nil {
		return rest.Reply{}, err
	}
	id := modelID(aaguid)
	there, err := shelf.Get[model](c.Tx, modelKey(c.Env, id))
	if err != nil {
		return rest.Reply{}, err
	}
	if there != nil {
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.UniquenessViolation, "aaguid", "is of an authenticator that is there already")
	}
	m := &model{Statement: b.Statement, Custom: true, Created: &rest.Time{Time: c.Tx.Now()}}
	if err := m.keep(c, id); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(m.show(c, id))
}

// keep stores a model of the operator.
func (m *model) keep(c *rest.Call, id string) error {
	ix, err := shelf.Load(c.Tx, customKey(c.Env))
	if err != nil {
		return err
	}
	if len(ix.All) >= MaxMetadata {
		return rest.Full("authenticators", MaxMetadata)
	}
	ix.Set(shelf.Entry{ID: id, Name: nameOf(m.Statement)})
	if err := c.Put(customKey(c.Env), ix); err != nil {
		return err
	}
	if err := c.Put(modelKey(c.Env, id), m); err != nil {
		return err
	}
	return c.Audit(rest.Event{Type: "FIDO_METADATA.CREATED", ResourceType: "FIDO_METADATA", ResourceID: id})
}

// removeModel forgets a model of the operator. Policies that name it refuse its passkeys
// from then on.
func removeModel(c *rest.Call) (rest.Reply, error) {
	id, m, err := findModel(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if !m.Custom {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "Only custom authenticators can be deleted")
	}
	if err := shelf.Forget(c.Tx, customKey(c.Env), id); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(modelKey(c.Env, id))
	if err := c.Audit(rest.Event{Type: "FIDO_METADATA.DELETED", ResourceType: "FIDO_METADATA", ResourceID: id}); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}

// nameOf is the model's name in a statement that was read before; at most 200 bytes of
// it, for it is kept in an index.
func nameOf(statement json.RawMessage) string {
	var st struct {
		Description string `json:"description"`
	}
	if json.Unmarshal(statement, &st) != nil {
		return ""
	}
	return st.Description[:min(len(st.Description), 200)]
}
