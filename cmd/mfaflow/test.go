package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/flows"
)

func testCommand() *cobra.Command {
	var output, pattern string
	cmd := &cobra.Command{
		Use:   "test FILE…",
		Short: "Run flow tests (*.test.yaml) and tell which edges they take",
		Long: "Run flow tests. Each test has a world of its own: users and devices, an inbox, a phone and a clock that\n" +
			"only the test moves. The flow is looked for beside the file and among the shipped templates.",
		Args: needArgs("a test file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := regexp.Compile(pattern)
			if err != nil {
				return usagef("--run: %w", err)
			}
			list, err := readSources(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			report, err := runTests(cmd.Context(), list, wanted)
			if err != nil {
				return err
			}
			if len(report.Results) == 0 && len(report.Problems) == 0 {
				return usagef("no test's name matches --run %q", pattern)
			}
			if err := report.print(cmd.OutOrStdout(), output); err != nil {
				return err
			}
			if report.Failed > 0 || slices.ContainsFunc(report.Problems, isError) {
				return errReported
			}
			return nil
		},
	}
	addOutput(cmd, &output)
	cmd.Flags().StringVar(&pattern, "run", "", "only tests whose name this regular expression matches")
	return cmd
}

// testReport is what `test` prints.
type testReport struct {
	Problems []flows.Problem     `json:"problems"` // of files that cannot be run
	Results  []*flowtest.Result  `json:"results"`
	Passed   int                 `json:"passed"`
	Failed   int                 `json:"failed"`
	Coverage []flowtest.Coverage `json:"coverage"`
}

// runTests runs the tests whose names match. A file with problems is told and not run.
func runTests(ctx context.Context, list []source, wanted *regexp.Regexp) (*testReport, error) {
	caps, err := registry()
	if err != nil {
		return nil, err
	}
	report := &testReport{Problems: []flows.Problem{}, Results: []*flowtest.Result{}}
	var suites []*flowtest.Suite
	for _, s := range list {
		suite, problems, err := loadTests(s.name, s.text, caps)
		if err != nil {
			return nil, err
		}
		report.Problems = append(report.Problems, problems...)
		if suite == nil {
			continue
		}
		suites = append(suites, suite)
		for _, t := range suite.Tests() {
			if !wanted.MatchString(t.Name) {
				continue
			}
			result, err := suite.Run(ctx, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			report.add(result)
		}
	}
	report.Coverage = flowtest.Merge(suites...)
	return report, nil
}

func (r *testReport) add(result *flowtest.Result) {
	r.Results = append(r.Results, result)
	if result.Passed {
		r.Passed++
	} else {
		r.Failed++
	}
}

func (r *testReport) print(w io.Writer, output string) error {
	if output == "json" {
		return printJSON(w, r)
	}
	var b strings.Builder
	if err := printProblems(&b, output, r.Problems); err != nil {
		return err
	}
	for _, result := range r.Results {
		verdict := "PASS"
		if !result.Passed {
			verdict = "FAIL"
		}
		fmt.Fprintf(&b, "%s %s: %s (%d ms)\n", verdict, result.Flow, result.Test, result.Duration.Milliseconds())
		for _, f := range result.Failures {
			fmt.Fprintf(&b, "  %s:%d:%d: %s\n", f.File, f.Line, f.Column, f.Text)
		}
	}
	for _, c := range r.Coverage {
		printCoverage(&b, c)
	}
	fmt.Fprintf(&b, "%d passed, %d failed\n", r.Passed, r.Failed)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// printCoverage writes the figures of a flow, then every edge that no test took.
func printCoverage(b *strings.Builder, c flowtest.Coverage) {
	fmt.Fprintf(b, "%s: %d/%d edges, %d paths, %d scenarios\n", c.Flow, c.Covered, c.Edges, c.Paths, c.Scenarios)
	for _, blank := range c.Uncovered {
		fmt.Fprintf(b, "  line %d: %s -> %s is not covered%s\n", blank.Line, blank.Edge, blank.To, prefixed(": ", blank.Reason))
	}
	for _, edge := range c.Needless {
		fmt.Fprintf(b, "  %s is covered: remove it from `uncovered`\n", edge)
	}
}
