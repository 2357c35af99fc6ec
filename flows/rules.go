package flows

import (
	"slices"

	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// Rule is one thing that the loader checks. Codes are stable: they are written into
// suppressions, dashboards and other people's tests.
type Rule struct {
	Code    string `json:"code"`
	Text    string `json:"text"` // what it demands
	Warning bool   `json:"warning,omitempty"`
}

// Codes of the rules that are checked in this package. Those of YAML are yamldoc's,
// those of expressions cond's.
const (
	ruleSchema          = "schema-version"
	ruleFlowID          = "flow-id"
	ruleNodeID          = "node-id"
	ruleUnknownKey      = "unknown-key"
	ruleForeign         = "foreign-key"
	ruleParallel        = "parallel-reserved"
	ruleMissingKey      = "missing-key"
	ruleMisplaced       = "misplaced-key"
	ruleTwoKinds        = "two-kinds"
	ruleWrongType       = "wrong-type"
	ruleTooMany         = "too-many-nodes"
	ruleTooComplex      = "too-complex"
	ruleDuration        = "duration"
	ruleVariable        = "bad-name"
	ruleMessages        = "bad-message"
	ruleMessageKey      = "message-is-text"
	ruleNoExpression    = "expression-not-allowed"
	ruleEmptyExpression = "empty-expression"
	ruleMissingEquals   = "missing-equals"
	ruleCommentCut      = "yaml-comment-cut"
	ruleCommaSplit      = "yaml-comma-split"
	ruleFlowQuestion    = "yaml-flow-question"
	ruleNextShape       = "next-shape"
	ruleMissingElse     = "missing-else"
	ruleUnreachableCase = "unreachable-case"
	ruleSchemaInvalid   = "schema-invalid"
	ruleDefault         = "default-refused"
	ruleScreen          = "screen-name"
	ruleAction          = "action-name"

	ruleUnknownCapability = "unknown-capability"
	ruleUnknownScreen     = "unknown-screen"
	ruleUnknownFlow       = "unknown-flow"
	ruleUnknownTarget     = "unknown-target"
	ruleUnreachable       = "unreachable-node"
	ruleDeadEnd           = "dead-end"
	ruleUnrouted          = "unrouted-outcome"
	ruleImpossible        = "impossible-outcome"
	ruleRecursion         = "recursion"
	ruleUnknownAction     = "unknown-action"
	ruleUnknownInput      = "unknown-input"
	ruleMissingInput      = "missing-input"
	ruleInputRefused      = "input-refused"
	ruleUnknownMessage    = "unknown-message"
	ruleTimeoutOutcome    = "timeout-outcome"
	ruleDoneOutcome       = "done-outcome"
	ruleUndeclared        = "undeclared-variable"
	ruleSaveConflict      = "save-conflict"
	ruleSecretShown       = "secret-shown"
	ruleSecretUsed        = "secret-used"
	ruleSecretOutlives    = "secret-outlives-step"
	ruleSecretGiven       = "secret-given"
	ruleSecretKept        = "secret-kept"
	ruleScreenUndeclared  = "screen-undeclared"
	ruleUnknownMask       = "unknown-mask"
	ruleUnknownOutput     = "unknown-output"
	ruleOutputRefused     = "output-refused"
	ruleUnknownNode       = "unknown-node"
	ruleErrorValue        = "error-value"
	ruleUnprovenUser      = "unproven-user"

	ruleNoAuthentication = "no-authentication"
	ruleRefusalCompletes = "refusal-completes"
	ruleUnknownCatch     = "unknown-catch-code"
	ruleRetryOnce        = "retry-once"
	ruleStatusInElse     = "status-in-else"
	ruleAllEmpty         = "all-over-empty"
	ruleSecretLeftOut    = "secret-left-out"
)

// Rules returns every rule, those of errors before those of warnings.
func Rules() []Rule {
	return slices.Concat(yamlRules(), shapeRules(), proofRules(), exprRules(), warningRules())
}

func yamlRules() []Rule {
	return []Rule{
		{Code: yamldoc.RuleTooLarge, Text: "A file has at most 1 MiB and 40,000 lines and values."},
		{Code: yamldoc.RuleTooDeep, Text: "Maps and lists are nested at most 64 deep."},
		{Code: yamldoc.RuleEncoding, Text: "A file is UTF-8 without control characters."},
		{Code: yamldoc.RuleSyntax, Text: "A file is YAML."},
		{Code: yamldoc.RuleEmpty, Text: "A file holds a document."},
		{Code: yamldoc.RuleDocuments, Text: "A file holds one document."},
		{Code: yamldoc.RuleAnchor, Text: "Anchors and aliases are refused."},
		{Code: yamldoc.RuleMerge, Text: "Merge keys (`<<`) are refused."},
		{Code: yamldoc.RuleTag, Text: "Tags are refused: `!ok` is a tag and loses the value, `not ok` is a condition."},
		{Code: yamldoc.RuleDuplicate, Text: "A key stands once in its map."},
		{Code: yamldoc.RuleKey, Text: "A key is text."},
		{Code: yamldoc.RuleNumber, Text: "Numbers are plain decimals: 0123, 0x1F, 1_000 and .nan are read differently by different tools."},
		{Code: yamldoc.RuleTemplate, Text: "There are no templates: `${…}` and `{{…}}` are text, a value that starts with `=` is an expression."},
		{Code: yamldoc.RuleBracket, Text: "An expression with brackets inside a one-line map is quoted."},
		{Code: yamldoc.RuleTernary, Text: "An expression with `? … : …` is quoted."},
		{Code: yamldoc.RuleQuoteStart, Text: "A value that starts with a quote ends with it."},
		{Code: yamldoc.RuleTab, Text: "Indentation is made of spaces."},
		{Code: yamldoc.RuleColon, Text: "A text that holds `: ` is quoted."},
		{Code: ruleCommentCut, Text: "A `#` after a space begins a comment, also inside an expression that is not quoted."},
		{Code: ruleCommaSplit, Text: "An expression with a comma inside a one-line map is quoted."},
		{Code: ruleFlowQuestion, Text: "An expression with `?` inside a one-line map is quoted."},
	}
}

func shapeRules() []Rule {
	return []Rule{
		{Code: ruleSchema, Text: "A flow begins with `schema: flow/v1`."},
		{Code: ruleFlowID, Text: "The id of a flow is kebab-case."},
		{Code: ruleNodeID, Text: "The id of a node is snake_case, since expressions read `-` as minus."},
		{Code: ruleUnknownKey, Text: "Only the words of the language are keys."},
		{Code: ruleForeign, Text: "A key of another system is not a word of this language."},
		{Code: ruleParallel, Text: "`parallel` is kept for a later version."},
		{Code: ruleMissingKey, Text: "Required keys are there, and nothing is empty."},
		{Code: ruleMisplaced, Text: "A key stands on a node that it means something for."},
		{Code: ruleTwoKinds, Text: "A node has one of `uses`, `show`, `call`, `match`, `end`, or only a list under `next`."},
		{Code: ruleWrongType, Text: "A value has the type that its key, operator or function takes."},
		{Code: ruleTooMany, Text: "A flow has at most 1,000 nodes."},
		{Code: ruleTooComplex, Text: "What proving a flow costs is bounded."},
		{Code: ruleDuration, Text: "A duration is a number with a unit, from one second to 30 days."},
		{Code: ruleVariable, Text: "Names of inputs, variables and form fields are letters, digits and `_`."},
		{Code: ruleMessages, Text: "`messages` maps locales to keys to texts."},
		{Code: ruleMessageKey, Text: "`message` names a key."},
		{Code: ruleNoExpression, Text: "An expression stands only where values are computed."},
		{Code: ruleMissingEquals, Text: "A value that reads like an expression starts with `=`."},
		{Code: ruleEmptyExpression, Text: "An expression is not empty."},
		{Code: ruleNextShape, Text: "`next` has the shape that fits its node."},
		{Code: ruleMissingElse, Text: "A list of `when` ends with an entry without, a `match` has `else`."},
		{Code: ruleUnreachableCase, Text: "Only the last entry of a list has no `when`."},
		{Code: ruleSchemaInvalid, Text: "A schema compiles as JSON Schema 2020-12 and refers to nothing outside."},
		{Code: ruleDefault, Text: "A default is accepted by its own schema."},
		{Code: ruleScreen, Text: "The name of a screen is kebab-case."},
		{Code: ruleAction, Text: "The name of an action is snake_case and no reserved outcome."},
	}
}

func proofRules() []Rule {
	return []Rule{
		{Code: ruleUnknownCapability, Text: "`uses` names a capability of the registry."},
		{Code: ruleUnknownScreen, Text: "`show` names a screen of the flow or the library."},
		{Code: ruleUnknownFlow, Text: "`call` names a flow that is there and has no problems."},
		{Code: ruleUnknownTarget, Text: "A target is a node of the flow."},
		{Code: ruleUnreachable, Text: "Every node is reached from the start."},
		{Code: ruleDeadEnd, Text: "From every node an end can be reached."},
		{Code: ruleUnrouted, Text: "Every outcome that a node can have is routed."},
		{Code: ruleImpossible, Text: "Only outcomes that a node can have are routed."},
		{Code: ruleRecursion, Text: "No flow calls itself, not even through others."},
		{Code: ruleUnknownAction, Text: "`actions` narrows actions that the screen has, by booleans."},
		{Code: ruleUnknownInput, Text: "`with` gives only what is taken."},
		{Code: ruleMissingInput, Text: "`with` gives all that is required."},
		{Code: ruleInputRefused, Text: "`with` gives values that the schema accepts."},
		{Code: ruleUnknownMessage, Text: "A message key has a text in the flow or the library."},
		{Code: ruleTimeoutOutcome, Text: "The outcome `timeout` exists where the screen has `timeout:`."},
		{Code: ruleDoneOutcome, Text: "The outcome `done` exists where the screen has `poll:`."},
		{Code: ruleUndeclared, Text: "A variable that is read is written by some node."},
		{Code: ruleSaveConflict, Text: "All nodes that write a variable write the same kind of value."},
		{Code: ruleSecretShown, Text: "No secret is shown on a screen, except in a member that the screen marks secret."},
		{Code: ruleSecretUsed, Text: "No secret decides a route, is put into a message, an output or an error."},
		{Code: ruleSecretGiven, Text: "A secret is given only to an input that is marked `secret: true`."},
		{Code: ruleSecretKept, Text: "A variable keeps no secret that is named, only whole values."},
		{Code: ruleScreenUndeclared, Text: "What a screen takes is declared down to the leaves, or says `additionalProperties: true`."},
		{Code: ruleUnknownMask, Text: "`x-mask` is `email` or `phone`, of a text that a screen takes."},
		{Code: ruleSecretOutlives, Text: "A secret field of a form is read in the step that received it."},
		{Code: ruleUnknownOutput, Text: "An end gives back only outputs that the flow declares, if it declares any."},
		{Code: ruleOutputRefused, Text: "Declared outputs have the declared type."},
		{Code: ruleUnknownNode, Text: "An expression reads nodes that the flow has."},
		{Code: ruleUnprovenUser, Text: "In a public flow a capability writes to a user, and personal data of a user is shown, only after a proof of that user, or to a user that this execution made."},
		{Code: ruleErrorValue, Text: "`error` is a code, or an object with a `code`."},
	}
}

// exprRules are checked by package cond; wrong-type is shared with shapeRules.
func exprRules() []Rule {
	return []Rule{
		{Code: cond.RuleSyntax, Text: "An expression parses."},
		{Code: cond.RuleTooLarge, Text: "An expression is not longer, deeper or of more parts than allowed."},
		{Code: cond.RuleNotAllowed, Text: "An expression uses only the operators and functions of the language."},
		{Code: cond.RuleTemplate, Text: "There are no templates inside strings: they are joined with `+`."},
		{Code: cond.RuleUnknownRoot, Text: "An expression begins at a root that is there in its place."},
		{Code: cond.RuleUnknownField, Text: "A member that is read is in the schema."},
		{Code: cond.RuleUnknownFunction, Text: "A function that is called exists."},
		{Code: cond.RuleArguments, Text: "A function is given the arguments that it takes."},
		{Code: cond.RuleNeverEqual, Text: "Values that are compared have the same type."},
		{Code: cond.RuleNeverTrue, Text: "What is compared with a text can be that text: an address is no network, and some text matches a pattern."},
		{Code: cond.RuleNotBoolean, Text: "A condition is true or false."},
		{Code: cond.RuleNotScalar, Text: "`match` is over a text, a boolean or an integer."},
		{Code: cond.RulePattern, Text: "A regular expression is valid."},
		{Code: cond.RuleMaybeUnset, Text: "A node or variable that some path leaves unset is read with `?.`, `??` or has()."},
		{Code: cond.RuleOptionalRead, Text: "A property that its schema does not require is read through with `?.`, `??` or has()."},
	}
}

func warningRules() []Rule {
	return []Rule{
		{Code: ruleNoAuthentication, Text: "No path reaches success without a capability that authenticates.", Warning: true},
		{Code: ruleRefusalCompletes, Text: "An end that is named like a refusal gives an `error`, and no way past a proof ends COMPLETED.", Warning: true},
		{Code: ruleUnknownCatch, Text: "A code under `catch` is one that can be raised there.", Warning: true},
		{Code: ruleRetryOnce, Text: "A capability with effects that cannot be repeated has no `retry`.", Warning: true},
		{Code: ruleStatusInElse, Text: "Known values of a `match` have routes of their own.", Warning: true},
		{Code: cond.RuleConstant, Text: "A condition, and each part of one, can be true and can be false.", Warning: true},
		{Code: cond.RuleUnknownValue, Text: "A value that is compared is one of those that the schema lists.", Warning: true},
		{Code: ruleSecretLeftOut, Text: "Outputs and errors are given without secrets: a whole value is left without those that it holds.", Warning: true},
		{Code: ruleAllEmpty, Text: "all() is true for an empty list: it does not lead to success alone.", Warning: true},
	}
}

func isWarning(rule string) bool {
	switch rule {
	case ruleSecretLeftOut, ruleNoAuthentication, ruleRefusalCompletes, ruleUnknownCatch, ruleRetryOnce, ruleStatusInElse, ruleAllEmpty, cond.RuleConstant, cond.RuleUnknownValue:
		return true
	}
	return false
}
