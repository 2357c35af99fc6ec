package flows

import (
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// ParseStored is Parse for a text that was accepted before, maybe by an earlier version.
// Rules that have become stricter since warn: only what keeps the flow from running is an
// error, here and in Check. Such a warning says so in Tolerated.
func ParseStored(file string, src []byte) (*Flow, []Problem) {
	return parse(newParser(file, src, true))
}

// IsStored reports whether ParseStored read the flow.
func (f *Flow) IsStored() bool { return f.stored }

// IsMisfit reports whether a problem says that a flow does not fit one that it calls:
// its ends, its inputs or what it gives back.
func (f *Flow) IsMisfit(p Problem) bool {
	n := f.Node(p.Node)
	switch p.Rule {
	case ruleUnrouted, ruleImpossible, ruleUnknownInput, ruleMissingInput, ruleInputRefused:
		return n != nil && n.Kind == Call
	case cond.RuleUnknownField:
		return len(f.ListCalls()) > 0
	}
	return false
}

// ListCalls lists the ids of the flows that a flow names under `call`, sorted, whether they
// are there or not. Unlike Calls it needs no Check.
func (f *Flow) ListCalls() []string {
	ids := map[string]bool{}
	for _, n := range f.Nodes {
		if n.Kind == Call && n.Name != "" {
			ids[n.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// stopsRun reports whether a flow that breaks the rule cannot be run as it was meant: a
// part of it was not understood, or names what is not there. Every other rule, and so
// each new one, refuses new uploads only. Expressions are compiled by cond, which says
// for itself whether one can run.
func stopsRun(rule string) bool {
	switch rule {
	case yamldoc.RuleTooLarge, yamldoc.RuleTooDeep, yamldoc.RuleEncoding, yamldoc.RuleSyntax, yamldoc.RuleEmpty,
		yamldoc.RuleDocuments, yamldoc.RuleAnchor, yamldoc.RuleMerge, yamldoc.RuleTag, yamldoc.RuleDuplicate,
		yamldoc.RuleKey, yamldoc.RuleNumber, yamldoc.RuleBracket, yamldoc.RuleTernary, yamldoc.RuleQuoteStart,
		yamldoc.RuleTab, yamldoc.RuleColon,
		ruleSchema, ruleFlowID, ruleNodeID, ruleUnknownKey, ruleForeign, ruleParallel, ruleMissingKey, ruleMisplaced,
		ruleTwoKinds, ruleWrongType, ruleTooMany, ruleDuration, ruleVariable, ruleMessages, ruleNoExpression,
		ruleEmptyExpression, ruleNextShape, ruleMissingElse, ruleUnreachableCase, ruleSchemaInvalid,
		ruleUnknownCapability, ruleUnknownScreen, ruleUnknownFlow, ruleUnknownTarget, ruleRecursion, ruleUnknownNode,
		ruleUndeclared, ruleTooComplex, cond.RuleSyntax:
		return true
	}
	return false
}
