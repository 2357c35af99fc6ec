package flowstest

import (
	"fmt"
	"strings"
)

// maxDepth bounds how expressions are nested: the compiler's own limit is not far above.
const maxDepth = 3

// expr makes an expression. A wild one reads anything anywhere; a tame one is of the
// kind asked for, over roots that are always set.
func (m *maker) expr(kind string) string {
	if m.isWild() {
		return m.wild(0)
	}
	return m.tame(kind)
}

func (m *maker) tame(kind string) string {
	switch kind {
	case "boolean":
		return pick(m.c, `request.ip startsWith "10."`, `client.webauthn == "FULL"`, `flow.id == request.origin`,
			`len(request.userAgent) > 3`, `client.locale == "de"`, `has(error)`, `has(client.locale)`)
	case "integer", "number":
		return pick(m.c, "len(flow.id)", "1 + 2", "nodes."+m.anyNode()+"?.visits ?? 0")
	case "array":
		return pick(m.c, "[request.ip]", "keys(inputs)", "filter([flow.id], . != \"x\")")
	case "object":
		return pick(m.c, "{a: flow.id}", "request", "flow")
	case "match":
		return pick(m.c, "client.webauthn", "request.ip", `client.locale ?? "none"`, "len(flow.id)")
	}
	return pick(m.c, "flow.id", "request.ip", `client.locale ?? "en"`, "lower(request.userAgent)", `"a" + flow.id`, "client.webauthn", "env.BRAND")
}

func (m *maker) wild(depth int) string {
	if depth >= maxDepth {
		return m.leaf()
	}
	sub := func() string { return m.wild(depth + 1) }
	switch m.c.PickNumber(14) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", sub(), pick(m.c, "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "and", "or", "??", "in", "contains", "startsWith", "endsWith"), sub())
	case 1:
		return fmt.Sprintf("%s(%s)", pick(m.c, "len", "has", "lower", "upper", "trim", "int", "float", "string", "keys", "values", "first", "last", "not ", "-"), sub())
	case 2:
		return fmt.Sprintf("%s(%s, %s)", pick(m.c, "any", "all", "none", "one", "count", "find", "filter", "map"), sub(), pick(m.c, ".id == "+sub(), sub(), ". == "+sub()))
	case 3:
		return fmt.Sprintf("(%s ? %s : %s)", sub(), sub(), sub())
	case 4:
		return fmt.Sprintf("[%s, %s]", sub(), sub())
	case 5:
		return fmt.Sprintf("{a: %s, b: %s}", sub(), sub())
	case 6:
		return fmt.Sprintf("%s matches %s", sub(), pick(m.c, `"^a+$"`, `"("`, `"[^\\x00]"`, sub()))
	case 7:
		return fmt.Sprintf("%s%s", m.path(), pick(m.c, "[0]", "[-1]", `["id"]`, "?.id", ".id", "[."+"]", "[1:2]"))
	case 8:
		return pick(m.c, "now()", "mask("+sub()+", \"email\")", "unknown("+sub()+")", "request.ip in [\"192.0.2.0/24\"]")
	}
	return m.leaf()
}

func (m *maker) leaf() string {
	if m.c.Chance(4) {
		return pick(m.c, "nil", "true", "false", "0", "1.5", "-3", `"a"`, `""`, `"FULL"`, "[]", "{}", "1e308")
	}
	return m.path()
}

// path reads some root, also where it is not there.
func (m *maker) path() string {
	dot := pick(m.c, ".", ".", "?.")
	switch m.c.PickNumber(9) {
	case 0, 1:
		if len(m.inputs) > 0 && !m.c.Chance(8) {
			return "inputs" + dot + m.inputs[m.c.PickNumber(len(m.inputs))].name
		}
		return pick(m.c, "inputs", "inputs.none")
	case 2, 3:
		return "nodes" + pick(m.c, ".", "?.") + m.anyNode() + dot + m.member()
	case 4:
		return "vars" + dot + m.pickVariable() + pick(m.c, "", dot+m.member())
	case 5:
		return "out" + pick(m.c, "", dot+m.member())
	case 6:
		return "error" + pick(m.c, "", dot+pick(m.c, "code", "message", "details", "path", "details.x"))
	case 7:
		return pick(m.c, "client", "client.webauthn", "client.locale", "client.deviceSession", "request", "request.ip", "request.origin", "request.none")
	}
	return pick(m.c, "flow", "flow.id", "flow.execution", "env.BRAND", "env.none", "env", "let.x", "steps.a", "nodes", "vars")
}

func (m *maker) member() string {
	return pick(m.c, "visits", "form", "form.word", "form.pin", "form.otp", "form.password", "action", "outcome", "outputs", "outputs.o0", "outputs?.o1",
		"user.id", "user", "rawResponse", "rawResponse.status", "rawResponse?.id", "devices", "device", "device.id", "id", "status", "statusCode", "headers", "none")
}

func (m *maker) pickVariable() string { return fmt.Sprintf("v%d", m.c.PickNumber(3)) }

func (m *maker) anyNode() string { return fmt.Sprintf("n%d", m.c.PickNumber(m.nodes)) }

// quote writes a text as a YAML scalar in single quotes.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// value writes a constant or an expression of a kind.
func (m *maker) value(kind string) string {
	if m.c.Chance(6) && m.isWild() {
		return "{ a: " + quote("="+m.expr("any")) + ", b: [1, " + quote("="+m.expr("any")) + "] }"
	}
	return quote("=" + m.expr(kind))
}
