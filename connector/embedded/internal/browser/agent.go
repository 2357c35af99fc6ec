package browser

import (
	"regexp"
	"strings"
)

// maxAgent is how much of a User-Agent header is kept and compared.
const maxAgent = 512

// product is a product with its version, as a User-Agent header lists them.
var product = regexp.MustCompile(`([A-Za-z]+)/([0-9][0-9.]*)`)

// sameAgent reports whether two User-Agent headers are of the same browser: equal but for
// the versions of their products, because browsers update themselves. The platform, which
// stands in brackets, must be the same to the letter.
func sameAgent(a, b string) bool {
	return product.ReplaceAllString(a, "$1/") == product.ReplaceAllString(b, "$1/")
}

// names are the browsers that are told apart, the more special first: each claims to be
// those below as well.
var names = [...]struct{ token, name string }{
	{"Edg", "Edge"}, {"EdgA", "Edge"}, {"EdgiOS", "Edge"}, {"OPR", "Opera"}, {"SamsungBrowser", "Samsung Internet"},
	{"FxiOS", "Firefox"}, {"Firefox", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Version", "Safari"},
}

// nameOf finds the name and version of a browser; both are "" for one that is not known.
func nameOf(agent string) (name, version string) {
	found := map[string]string{}
	for _, m := range product.FindAllStringSubmatch(agent, -1) {
		found[m[1]] = m[2]
	}
	for _, n := range names {
		if v, ok := found[n.token]; ok {
			return n.name, v
		}
	}
	return "", ""
}

var systems = [...]struct {
	name    string
	pattern *regexp.Regexp
}{
	{"Windows", regexp.MustCompile(`Windows NT ([0-9.]+)`)},
	{"Android", regexp.MustCompile(`Android ([0-9.]+)`)},
	{"iOS", regexp.MustCompile(`(?:iPhone|iPad).* OS ([0-9_]+)`)},
	{"Mac OS", regexp.MustCompile(`Mac OS X ([0-9_.]+)`)},
	{"Linux", regexp.MustCompile(`Linux()`)},
}

// systemOf finds the operating system that a browser runs on; nil for one that is not known.
func systemOf(agent string) *system {
	for _, s := range systems {
		if m := s.pattern.FindStringSubmatch(agent); m != nil {
			return &system{Name: s.name, Version: strings.ReplaceAll(m[1], "_", ".")}
		}
	}
	return nil
}
