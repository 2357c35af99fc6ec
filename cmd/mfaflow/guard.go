package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Others are everybody but the user that the program runs as, and root, who may do
// anything. What they may write is theirs: the key, the store and what stands in it. What
// they may read is told, for the store is sealed but the key is not.

const (
	modeOthersWrite = 0o022
	modeOthersRead  = 0o044
)

// guardFiles checks who may get at the data folder and what is in it. It refuses what
// others may write and returns what they may read, with what to do.
func (c *config) guardFiles() (warnings []string, err error) {
	for _, f := range []struct {
		path, what string
		folder     bool
	}{
		{c.data, "the data folder", true},
		{c.path("key"), "the master key", false},
		{c.path("mfaflow.db"), "the store", false},
	} {
		warning, err := guardFile(f.path, f.what, f.folder)
		if err != nil {
			return nil, err
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	parent := filepath.Dir(filepath.Clean(c.data))
	info, err := os.Stat(parent)
	if err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	if info.Mode()&modeOthersWrite != 0 && info.Mode()&fs.ModeSticky == 0 {
		warnings = append(warnings, fmt.Sprintf("the data folder %s may be replaced by others, who may write %s (mode %04o): chmod go-w %s",
			c.data, parent, info.Mode().Perm(), parent))
	}
	return warnings, nil
}

// guardFile checks one file or folder; one that is not there is fine. A link is followed:
// what it leads to counts, and the folder that this is in.
func guardFile(path, what string, folder bool) (warning string, err error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			return "", usagef("%s %s is a link that leads nowhere: mount what it leads to, or remove it", what, path)
		}
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	private := "600"
	switch {
	case folder && !info.IsDir():
		return "", usagef("%s %s is no folder: name one, or remove the file", what, path)
	case !folder && !info.Mode().IsRegular():
		return "", usagef("%s %s is no regular file: put one there, with mode 600", what, path)
	case folder:
		private = "700"
	}
	if owner, foreign := foreignOwner(info); foreign {
		return "", usagef("%s %s may be written by others: it belongs to another user (%s); run as that user, or chown it", what, path, owner)
	}
	if info.Mode()&modeOthersWrite != 0 {
		return "", usagef("%s %s may be written by others (mode %04o): chmod %s %s", what, path, info.Mode().Perm(), private, target)
	}
	if target != path && !folder {
		if err := cmp.Or(guardLinks(path, what), guardParent(target, what)); err != nil {
			return "", err
		}
	}
	if info.Mode()&modeOthersRead != 0 {
		warning = fmt.Sprintf("%s %s may be read by others (mode %04o): chmod %s %s", what, path, info.Mode().Perm(), private, target)
	}
	return warning, nil
}

// guardLinks refuses a link that leads over a folder where others may put another link.
func guardLinks(path, what string) error {
	for {
		next, err := os.Readlink(path)
		if err != nil {
			return nil // no link: the end, which is looked at as such
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		if err := guardParent(next, what); err != nil {
			return err
		}
		path = next
	}
}

// guardParent refuses a file elsewhere whose folder others may put another file in. In a
// sticky folder, such as /tmp, they may not touch ours.
func guardParent(target, what string) error {
	dir := filepath.Dir(target)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if info.Mode()&modeOthersWrite != 0 && info.Mode()&fs.ModeSticky == 0 {
		return usagef("%s leads into the folder %s, which may be written by others (mode %04o): chmod go-w %s", what, dir, info.Mode().Perm(), dir)
	}
	return nil
}

// guardConfig refuses a configuration file with secrets in it that others may write, for they
// may put their own there, and tells who may read it.
func guardConfig(path string) (warnings []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if owner, foreign := foreignOwner(info); foreign {
		return nil, usagef("the configuration %s has secrets in it and may be written by others: it belongs to another user (%s); chown it", path, owner)
	}
	if info.Mode()&modeOthersWrite != 0 {
		return nil, usagef("the configuration %s has secrets in it and may be written by others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if info.Mode()&modeOthersRead != 0 {
		warnings = append(warnings, fmt.Sprintf("the configuration %s has secrets in it and may be read by others (mode %04o): chmod 600 %s",
			path, info.Mode().Perm(), path))
	}
	return warnings, nil
}
