// Package schemas holds the JSON documents that other packages read: one for each
// capability, schemas/<connector>/<name>.json for the id "<connector>/<name>", and
// those of the flow language. It imports nothing else of mfaflow.
//
// A capability's document has title, description and the two schemas
// properties.input and properties.output. Beside what connector.ParseSchema reads:
//
//   - x-davinci: the capability's name in DaVinci exports.
//   - x-control: the control that DaVinci's editor shows for an input.
//   - x-resource: the member that `save` keeps, and the name of its shape.
//   - x-cancels: the resource that running it takes back (connector.Cancels).
//   - x-enum: the values known today. Unlike enum it refuses no other, because a
//     tenant may be newer than these files.
//   - secret: whoever has the value can act with it. It is never logged, traced or
//     given back, and goes only where a member is marked secret too.
//   - x-personal: the value names a person or is an address of one. Trace and audit
//     hold a keyed hash of it.
//   - $comment: where a member comes from that the documented connector lacks.
package schemas

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed mfa/*.json pingid/*.json risk/*.json user/*.json
var capabilities embed.FS

// Capability returns the schema document of a capability id such as
// "mfa/create-device". The bytes are the caller's.
func Capability(id string) ([]byte, bool) {
	doc, err := capabilities.ReadFile(id + ".json")
	return doc, err == nil
}

// IDs returns the ids of all capabilities that have a document, sorted.
func IDs() []string {
	files, err := fs.Glob(capabilities, "*/*.json")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".json")
	}
	slices.Sort(files)
	return files
}
