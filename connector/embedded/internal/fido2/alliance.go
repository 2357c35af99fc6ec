package fido2

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

// importBatch is how many models one commit of Import writes.
const importBatch = 50

// Import makes the models of the FIDO Alliance those given, by AAGUID, and leaves those of
// the operator, unless the Alliance lists them too. Each commit is right by itself: a
// model is either the former or the new one.
func Import(ctx context.Context, db *store.DB, env string, models map[[16]byte]*passkey.Metadata) error {
	ids := slices.SortedFunc(maps.Keys(models), func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	ix := &shelf.Index{}
	for batch := range slices.Chunk(ids, importBatch) {
		err := db.Update(ctx, func(_ context.Context, tx *store.Tx) error { return importModels(tx, env, models, batch) })
		if err != nil {
			return fmt.Errorf("write the metadata of authenticators: %w", err)
		}
		for _, id := range batch {
			ix.Set(shelf.Entry{ID: modelID(id), Name: nameOf(models[id].Statement)})
		}
	}
	err := db.Update(ctx, func(_ context.Context, tx *store.Tx) error { return replaceIndex(tx, env, ix) })
	if err != nil {
		return fmt.Errorf("write the index of authenticators: %w", err)
	}
	return nil
}

func importModels(tx *store.Tx, env string, models map[[16]byte]*passkey.Metadata, ids [][16]byte) error {
	for _, id := range ids {
		known := models[id]
		m := model{Statement: known.Statement, Certified: known.Certified, Revoked: known.Revoked}
		for _, cert := range known.Distrusted {
			m.Distrusted = append(m.Distrusted, cert.Raw)
		}
		if err := importModel(tx, modelKey(env, modelID(id)), m); err != nil {
			return err
		}
	}
	return nil
}

// importModel writes a model that changed.
func importModel(tx *store.Tx, key store.Key, m model) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	old, err := tx.Get(key)
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	if !bytes.Equal(old[0].Value, b) {
		tx.Put(key, b)
	}
	return nil
}

// replaceIndex forgets models that are no longer listed, and the operator's word on those
// that now are.
func replaceIndex(tx *store.Tx, env string, ix *shelf.Index) error {
	old, err := shelf.Load(tx, globalKey(env))
	if err != nil {
		return err
	}
	custom, err := shelf.Load(tx, customKey(env))
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, e := range ix.All {
		listed[e.ID] = true
		custom.Remove(e.ID)
	}
	for _, e := range old.All {
		if !listed[e.ID] {
			tx.Delete(modelKey(env, e.ID))
		}
	}
	if err := rest.Write(tx, customKey(env), custom); err != nil {
		return err
	}
	return rest.Write(tx, globalKey(env), ix)
}
