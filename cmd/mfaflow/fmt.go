package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
)

func fmtCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt FILE…",
		Short: "Format flows in place: nodes in walk order, one style, comments kept",
		Args:  needArgs("a flow file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var failed bool
			for _, name := range args {
				changed, err := formatFile(cmd, name, check)
				if errors.Is(err, errReported) {
					failed = true
					continue
				}
				if err != nil {
					return err
				}
				failed = failed || changed && check
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit 1 if a file is not formatted")
	return cmd
}

func formatFile(cmd *cobra.Command, name string, check bool) (changed bool, err error) {
	src, err := readSource(cmd.InOrStdin(), name)
	if err != nil {
		return false, err
	}
	out, err := flows.Format(src)
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", name, err)
		return false, errReported
	}
	if name == "-" {
		_, err := exactWriter(cmd.OutOrStdout()).Write(out)
		return false, err
	}
	if bytes.Equal(src, out) {
		return false, nil
	}
	fmt.Fprintln(cmd.OutOrStdout(), name)
	if check {
		return true, nil
	}
	return true, replaceFile(name, out)
}
