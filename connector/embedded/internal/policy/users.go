package policy

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

// UsersOfFIDO2 lists the ids of the policies that use a FIDO2 policy. Those that name none use the
// environment's default one.
func UsersOfFIDO2(tx *store.Tx, env, id string, isDefault bool) ([]string, error) {
	ix, err := loadIndex(tx, env)
	if err != nil {
		return nil, err
	}
	users := []string{}
	for _, e := range ix.All {
		p, err := shelf.Get[Policy](tx, policyKey(env, e.ID))
		if err != nil {
			return nil, err
		}
		if p == nil || p.FIDO2 == nil {
			continue
		}
		if named := p.FIDO2.FIDO2PolicyID; named == id || named == "" && isDefault {
			users = append(users, p.ID)
		}
	}
	return users, nil
}
