package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mfaflow/mfaflow/connector"
)

func capabilityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "capability",
		Short: "List the capabilities that a node can use, or show one",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(capabilityList(), capabilityShow())
	return cmd
}

func capabilityList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the capabilities",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			caps, err := registry()
			if err != nil {
				return err
			}
			if output == "json" {
				list := []map[string]any{}
				for _, e := range caps.All() {
					list = append(list, map[string]any{"id": e.ID, "alias": e.Alias, "title": e.Spec.Title, "effect": e.Spec.Effect})
				}
				return printJSON(cmd.OutOrStdout(), list)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, e := range caps.All() {
				fmt.Fprintf(w, "%s\t%s\n", e.ID, e.Spec.Title)
			}
			if err := w.Flush(); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		},
	}
	addOutput(cmd, &output)
	return cmd
}

func capabilityShow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a capability: inputs, outputs, errors; by id or by DaVinci's name",
		Args:  cobra.MatchAll(needArgs("a capability's id"), atMostOne),
		RunE: func(cmd *cobra.Command, args []string) error {
			caps, err := registry()
			if err != nil {
				return err
			}
			e, ok := caps.Lookup(args[0])
			if !ok {
				return usagef("there is no capability %q; see mfaflow capability list", args[0])
			}
			if output == "json" {
				_, err := cmd.OutOrStdout().Write(append(slices.Clone(e.Schema), '\n'))
				return err
			}
			return showCapability(cmd, e)
		},
	}
	addOutput(cmd, &output)
	return cmd
}

func showCapability(cmd *cobra.Command, e *connector.Entry) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", e.ID, e.Spec.Title)
	if e.Spec.Description != "" {
		fmt.Fprintf(w, "\t%s\n", e.Spec.Description)
	}
	if e.Alias != "" {
		fmt.Fprintf(w, "DaVinci\t%s\n", e.Alias)
	}
	fmt.Fprintf(w, "effect\t%s\n", e.Spec.Effect)
	if len(e.Spec.Errors) > 0 {
		fmt.Fprintf(w, "errors\t%s\n", strings.Join(e.Spec.Errors, " "))
	}
	for _, part := range []struct {
		title string
		doc   map[string]any
	}{{"input", e.Spec.Input.Doc}, {"output", e.Spec.Output.Doc}} {
		fmt.Fprintf(w, "\n%s\n", part.title)
		properties, _ := part.doc["properties"].(map[string]any)
		required, _ := part.doc["required"].([]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			p, _ := properties[name].(map[string]any)
			mark := ""
			if slices.Contains(required, any(name)) {
				mark = "required"
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", name, typeText(p["type"]), mark, textOf(p["description"]))
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func typeText(t any) string {
	switch t := t.(type) {
	case string:
		return t
	case []any:
		parts := make([]string, len(t))
		for i, p := range t {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, "|")
	}
	return "any"
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}
