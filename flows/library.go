package flows

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"sync"
)

//go:embed screens/*.yaml
var screenFiles embed.FS

//go:embed templates/*.yaml
var templateFiles embed.FS

// Templates returns the flows that are shipped, one file each, named by its id.
func Templates() fs.FS {
	sub, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(fmt.Errorf("the templates are embedded under another name: %w", err))
	}
	return sub
}

// library is what the embedded files hold, read once.
type library struct {
	screens map[string]*Screen
	text    map[string]map[string]string
}

var readLibrary = sync.OnceValue(func() library {
	lib, err := loadLibrary(screenFiles)
	if err != nil {
		panic(fmt.Errorf("the embedded screens are broken: %w", err))
	}
	return lib
})

// LibraryScreens returns the screens that every flow may show, by name. The map is the
// caller's, the screens are shared and must not be changed.
func LibraryScreens() map[string]*Screen { return maps.Clone(readLibrary().screens) }

// LibraryMessage returns one text of the library: in the locale, else in its language,
// else in English.
func LibraryMessage(locale, key string) (string, bool) {
	text := readLibrary().text
	language, _, _ := strings.Cut(locale, "-")
	for _, l := range []string{locale, language, "en"} {
		if t, ok := text[l][key]; ok {
			return t, true
		}
	}
	return "", false
}

func loadLibrary(files fs.FS) (library, error) {
	lib := library{screens: map[string]*Screen{}}
	names, err := fs.Glob(files, "screens/*.yaml")
	if err != nil {
		return lib, fmt.Errorf("list screens: %w", err)
	}
	for _, name := range names {
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return lib, fmt.Errorf("read a screen: %w", err)
		}
		p := newParser(name, src, false)
		if p.doc.Root == nil {
			return lib, firstProblem(p.done())
		}
		id := strings.TrimSuffix(strings.TrimPrefix(name, "screens/"), ".yaml")
		if id == "messages" {
			lib.text = p.messages(p.doc.Root)
		} else {
			key := *p.doc.Root
			key.Text = id
			lib.screens[id] = p.screen(&key, p.doc.Root)
			if err := firstProblem(findUndeclared(lib.screens[id])); err != nil {
				return lib, fmt.Errorf("the screen %s: %w", id, err)
			}
		}
		if err := firstProblem(p.done()); err != nil {
			return lib, err
		}
	}
	return lib, nil
}

func firstProblem(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(problems[0].String())
}
