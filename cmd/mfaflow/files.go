package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// replaceFile writes a file whole or not at all, keeping its mode.
func replaceFile(name string, content []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".mfaflow-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := tmp.Chmod(info.Mode().Perm()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// isFlowFile tells flows from their tests.
func isFlowFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") && !isTestFile(name)
}

func isTestFile(name string) bool { return strings.HasSuffix(name, ".test.yaml") }

// flowFiles lists the flows of a folder, sorted.
func flowFiles(dir fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("list flows: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && isFlowFile(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readFlows reads the flows of a folder.
func readFlows(dir fs.FS) ([]source, error) {
	names, err := flowFiles(dir)
	if err != nil {
		return nil, err
	}
	var list []source
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read flow: %w", err)
		}
		list = append(list, source{name, text})
	}
	return list, nil
}
