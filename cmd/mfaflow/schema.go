package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "schema [flow]",
		Short:     "Print the JSON Schema of flows, for editors",
		ValidArgs: []string{"flow"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && args[0] != "flow" {
				return usagef("there is a schema of flow, not of %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			caps, err := registry()
			if err != nil {
				return err
			}
			doc, err := flows.Schema(caps)
			if err != nil {
				return fmt.Errorf("flow schema: %w", err)
			}
			if _, err := cmd.OutOrStdout().Write(doc); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		},
	}
}

// flowSchema is the schema with this server's capabilities.
func (a *app) flowSchema() []byte {
	doc, err := flows.Schema(a.caps)
	if err != nil {
		a.log.Error("flow schema", slog.Any("error", err))
		return nil
	}
	return doc
}
