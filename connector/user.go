package connector

import (
	"fmt"
	"maps"
	"slices"
)

// UserUse is what a capability does with the user that it is given or finds (`x-user`
// beside an input property, or beside the property of the output that is the user).
type UserUse string

// The uses of a user.
const (
	UserWrites UserUse = "writes" // changes the account or what proves it, or gives what pairs a device with it
	UserShows  UserUse = "shows"  // gives personal data of it
	UserAsks   UserUse = "asks"   // asks for a proof of it, or answers about it without personal data
)

// ProofRule says what of a capability proves its user (`x-proves`).
type ProofRule string

// The proofs.
const (
	ProvesSuccess   ProofRule = "success"   // that it succeeds
	ProvesCompleted ProofRule = "completed" // that its resource has the status COMPLETED
	ProvesMade      ProofRule = "made"      // that it made the user
)

// User returns the input property that names the user (x-user), and what is done with it.
// The name is "" for a capability that finds the user itself.
func (s *Schema) User() (input string, use UserUse) {
	for _, part := range []*Part{s.Input, s.Output} {
		properties, _ := part.Doc["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			use, marked := part.property(name)["x-user"].(string)
			switch {
			case marked && part == s.Input:
				return name, UserUse(use)
			case marked:
				return "", UserUse(use)
			}
		}
	}
	return "", ""
}

// checkUser refuses marks that mean nothing, which would otherwise protect nobody.
func (s *Schema) checkUser() error {
	switch _, use := s.User(); use {
	case "", UserWrites, UserShows, UserAsks:
	default:
		return fmt.Errorf("schema document: x-user is %q, want writes, shows or asks", use)
	}
	switch s.Proves {
	case "", ProvesSuccess, ProvesCompleted, ProvesMade:
		return nil
	}
	return fmt.Errorf("schema document: x-proves is %q, want success, completed or made", s.Proves)
}
