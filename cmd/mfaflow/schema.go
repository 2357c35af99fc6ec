package main

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/schemas"
)

func schemaCommand() *cobra.Command {
	known := []string{"flow", "flowtest"}
	return &cobra.Command{
		Use:       "schema [flow|flowtest]",
		Short:     "Print the JSON Schema of flows, or of flow tests, for editors",
		ValidArgs: known,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(known, args[0]) {
				return usagef("there is a schema of flow and one of flowtest, not of %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			doc := schemas.FlowTest()
			if len(args) == 0 || args[0] == "flow" {
				caps, err := registry()
				if err != nil {
					return err
				}
				if doc, err = flows.Schema(caps); err != nil {
					return fmt.Errorf("flow schema: %w", err)
				}
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
