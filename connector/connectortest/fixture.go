package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// fixture is one case as read from its archive.
type fixture struct {
	archive    *txtar.Archive
	input      map[string]any
	connection Connection
	recovers   bool
	exchanges  []exchange
	outcome    any // nil if the archive has none
}

const outcomeSection = "outcome"

func readFixture(file string) (*fixture, error) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		return nil, fmt.Errorf("read fixture: %w", err)
	}
	f := &fixture{archive: a}
	for _, section := range a.Files {
		if err := f.add(section.Name, section.Data); err != nil {
			return nil, fmt.Errorf("section %s: %w", section.Name, err)
		}
	}
	if f.input == nil {
		return nil, errors.New("there is no section input")
	}
	for i, e := range f.exchanges {
		if e.request == nil || e.response == nil {
			return nil, fmt.Errorf("exchange %d lacks its request or its response", i+1)
		}
	}
	return f, nil
}

func (f *fixture) add(name string, data []byte) error {
	kind, number, numbered := strings.Cut(name, ".")
	switch kind {
	case "input":
		return json.Unmarshal(data, &f.input)
	case "connection":
		return json.Unmarshal(data, &f.connection)
	case "recover":
		f.recovers = true
		return nil
	case outcomeSection:
		return json.Unmarshal(data, &f.outcome)
	case "request", "response":
		return f.addExchange(kind, number, numbered, data)
	}
	return errors.New("is not a section of a fixture")
}

// addExchange puts a half at its place: requests come in order, and a response belongs
// to the request before it.
func (f *fixture) addExchange(kind, number string, numbered bool, data []byte) error {
	if kind == "request" {
		f.exchanges = append(f.exchanges, exchange{})
	}
	at := len(f.exchanges)
	if at == 0 {
		return errors.New("comes before its request")
	}
	if want := fmt.Sprint(at); numbered && number != want || !numbered && at > 1 {
		return fmt.Errorf("is out of order, want number %s", want)
	}
	e := &f.exchanges[at-1]
	if kind == "request" {
		return json.Unmarshal(data, &e.request)
	}
	return json.Unmarshal(data, &e.response)
}

// compare says how got differs from the outcome on file.
func (f *fixture) compare(got any) error {
	if f.outcome == nil {
		return fmt.Errorf("there is no outcome on file; -update would write\n%s", pretty(got))
	}
	if diff := cmp.Diff(f.outcome, got); diff != "" {
		return fmt.Errorf("the outcome differs (-on file +got)\n%s", diff)
	}
	return nil
}

// write puts got into the archive as its outcome.
func (f *fixture) write(file string, got any) error {
	section := txtar.File{Name: outcomeSection, Data: pretty(got)}
	found := false
	for i := range f.archive.Files {
		if f.archive.Files[i].Name == outcomeSection {
			f.archive.Files[i], found = section, true
		}
	}
	if !found {
		f.archive.Files = append(f.archive.Files, section)
	}
	if err := os.WriteFile(file, txtar.Format(f.archive), 0o644); err != nil {
		return fmt.Errorf("write fixture: %w", err)
	}
	return nil
}

// outcomeKind is "complete" or "fail", "" for a fixture without an outcome.
func outcomeKind(data []byte) string {
	for _, section := range txtar.Parse(data).Files {
		if section.Name != outcomeSection {
			continue
		}
		var o map[string]any
		if json.Unmarshal(section.Data, &o) != nil {
			return ""
		}
		for kind := range o {
			return kind
		}
	}
	return ""
}

func pretty(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return []byte(err.Error())
	}
	return b.Bytes()
}
