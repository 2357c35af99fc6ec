package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/server"
)

func lintCommand() *cobra.Command {
	var output string
	var strict bool
	cmd := &cobra.Command{
		Use:   "lint FILE…",
		Short: "Check flows and flow tests and report every problem with its place and remedy",
		Args:  needArgs("a flow file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := readSources(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			problems, err := lint(list)
			if err != nil {
				return err
			}
			sortProblems(problems, args)
			problems = slices.Compact(problems) // a flow is read again for its test
			if strict {
				for i := range problems {
					problems[i].Warning = false
				}
			}
			if err := printProblems(cmd.OutOrStdout(), output, problems); err != nil {
				return err
			}
			if slices.ContainsFunc(problems, isError) {
				return errReported
			}
			return nil
		},
	}
	addOutput(cmd, &output)
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are errors")
	return cmd
}

// lint checks flows together, and each flow test against its flow, without running it.
func lint(list []source) ([]flows.Problem, error) {
	var tests []source
	list = slices.DeleteFunc(slices.Clone(list), func(s source) bool {
		if isTestFile(s.name) {
			tests = append(tests, s)
		}
		return isTestFile(s.name)
	})
	_, problems, err := checkAll(list)
	if err != nil {
		return nil, err
	}
	caps, err := registry()
	if err != nil {
		return nil, err
	}
	for _, s := range tests {
		_, more, err := loadTests(s.name, s.text, caps)
		if err != nil {
			return nil, err
		}
		problems = append(problems, more...)
	}
	return problems, nil
}

func sortProblems(list []flows.Problem, files []string) {
	slices.SortStableFunc(list, func(a, b flows.Problem) int {
		if d := slices.Index(files, a.File) - slices.Index(files, b.File); d != 0 {
			return d
		}
		if d := a.Line - b.Line; d != 0 {
			return d
		}
		return a.Column - b.Column
	})
}

// printProblems writes them as text, or as the body of the 422 that an upload would get.
func printProblems(w io.Writer, output string, list []flows.Problem) error {
	if output == "json" {
		return printProblemsJSON(w, list)
	}
	for _, p := range list {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		if _, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s [%s]\n", clean(p.File), p.Line, p.Column, kind, clean(p.Text), p.Rule); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		for _, more := range []string{p.Snippet, prefixed("  hint: ", clean(p.Hint))} {
			if more != "" {
				fmt.Fprintln(w, strings.TrimRight(more, "\n"))
			}
		}
	}
	return nil
}

func isError(p flows.Problem) bool { return !p.Warning }

// printProblemsJSON writes the body of the 422, or of a flow without errors what an
// upload says of it: its warnings.
func printProblemsJSON(w io.Writer, list []flows.Problem) error {
	if !slices.ContainsFunc(list, isError) {
		return printJSON(w, map[string]any{"warnings": append([]flows.Problem{}, list...)})
	}
	body := server.FlowInvalid(slices.DeleteFunc(slices.Clone(list), func(p flows.Problem) bool { return p.Warning }))
	if _, err := w.Write(append(body, '\n')); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
