package policy

import "github.com/mfaflow/mfaflow/store"

// Seed writes p as the default policy of an environment that has none.
func Seed(tx *store.Tx, env string, p *Policy) error { return kind().Seed(tx, env, p) }

// UsersOfFIDO2 lists the ids of the policies that use a FIDO2 policy. Those that name none
// use the environment's default one.
func UsersOfFIDO2(tx *store.Tx, env, id string, isDefault bool) ([]string, error) {
	all, err := kind().Each(tx, env)
	if err != nil {
		return nil, err
	}
	users := []string{}
	for _, p := range all {
		if p.FIDO2 == nil {
			continue
		}
		if named := p.FIDO2.FIDO2PolicyID; named == id || named == "" && isDefault {
			users = append(users, p.ID)
		}
	}
	return users, nil
}
