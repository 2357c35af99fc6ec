package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
)

func graphCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw a flow as a Mermaid graph, or print the graph as JSON",
		Args:  cobra.MatchAll(needArgs("a flow file"), atMostOne),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := readSources(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			parsed, problems, err := checkAll(list)
			if err != nil {
				return err
			}
			f := parsed[args[0]]
			if f == nil {
				sortProblems(problems, args)
				if err := printProblems(cmd.ErrOrStderr(), "text", problems); err != nil {
					return err
				}
				return errReported
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), flows.GraphOf(f))
			}
			if _, err := fmt.Fprint(cmd.OutOrStdout(), flows.Mermaid(f)); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		},
	}
	addOutput(cmd, &output)
	return cmd
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one argument", cmd.CommandPath())
	}
	return nil
}
