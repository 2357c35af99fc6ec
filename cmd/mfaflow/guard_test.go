//go:build unix

package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// makeUsedFolder makes a data folder that a server has used, private to us.
func makeUsedFolder(t *testing.T) (c *config, open func() (log string, err error)) {
	t.Helper()
	c = &config{data: filepath.Join(t.TempDir(), "data"), url: "http://127.0.0.1", hashCost: cheap}
	open = func() (string, error) {
		var log bytes.Buffer
		a, err := openApp(t.Context(), c, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
		if err == nil {
			err = a.close()
		}
		return log.String(), err
	}
	if log, err := open(); err != nil || strings.Contains(log, "by others") {
		t.Fatalf("first start: %v, log %s", err, log)
	}
	return c, open
}

// What the program makes is its owner's alone, whatever the umask leaves.
func TestFilesAreMadePrivate(t *testing.T) {
	t.Parallel()
	c, _ := makeUsedFolder(t)
	for path, want := range map[string]os.FileMode{c.data: 0o700, c.path("key"): 0o600, c.path("mfaflow.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

// What others may write is refused, what they may read is told, each with what to do.
func TestModesOfDataAndKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file            string
		mode            os.FileMode
		refused, warned bool
	}{
		"private folder": {"", 0o700, false, false}, "readable folder": {"", 0o755, false, true}, "group may read": {"", 0o750, false, true},
		"group may write": {"", 0o770, true, false}, "all may write": {"", 0o777, true, false}, "all may write, sticky": {"", 0o777 | os.ModeSticky, true, false},
		"private key": {"key", 0o600, false, false}, "own key, read-only": {"key", 0o400, false, false}, "readable key": {"key", 0o644, false, true},
		"key for the group": {"key", 0o640, false, true}, "group may write key": {"key", 0o660, true, false}, "all may write key": {"key", 0o602, true, false},
		"readable store": {"mfaflow.db", 0o644, false, true}, "all may write store": {"mfaflow.db", 0o666, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, open := makeUsedFolder(t)
			path := filepath.Join(c.data, tc.file)
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			log, err := open()
			if refused := err != nil; refused != tc.refused {
				t.Fatalf("mode %04o: error %v, want one: %v", tc.mode, err, tc.refused)
			}
			if tc.refused && (!strings.Contains(err.Error(), "may be written by others") || !strings.Contains(err.Error(), "chmod") || !strings.Contains(err.Error(), path)) {
				t.Errorf("the refusal does not say what to do: %v", err)
			}
			if warned := strings.Contains(log, "may be read by others") && strings.Contains(log, "chmod"); warned != tc.warned {
				t.Errorf("mode %04o: log %q, want a warning: %v", tc.mode, log, tc.warned)
			}
		})
	}
}

// A key that was not drawn at random is refused for a new store. An old store opens with
// the one that it has, and says so.
func TestGuessableKey(t *testing.T) {
	t.Parallel()
	c := &config{data: privateDir(t), url: "http://127.0.0.1", hashCost: cheap}
	change(t, os.WriteFile(c.path("key"), []byte(strings.Repeat("A", 43)+"=\n"), 0o600))
	if _, err := openApp(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), makeSecret) {
		t.Errorf("a new store with a key of zeros: %v", err)
	}
	c, open := makeUsedFolder(t)
	if log, err := open(); err != nil || strings.Contains(log, "guessed") {
		t.Errorf("with a key that the program made: %v, log %s", err, log)
	}
	change(t, os.Remove(c.path("key")))
	c.key = strings.Repeat("A", 43) + "="
	if log, err := open(); err == nil || strings.Contains(err.Error(), makeSecret) || !strings.Contains(log, "guessed") {
		t.Errorf("an old store with another key: %v, want that it is the wrong one; log %s", err, log)
	}
}

// A key may lie elsewhere, behind a link, if others can change neither it nor its folder.
func TestLinkedKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		folder os.FileMode
		change func(t *testing.T, key string)
		want   string // in the error; "" for none
	}{
		"in a private folder":  {0o700, nil, ""},
		"in a sticky folder":   {0o777 | os.ModeSticky, nil, ""},
		"in an open folder":    {0o777, nil, "chmod go-w"},
		"over an open folder":  {0o700, func(t *testing.T, key string) { leadOver(t, key, 0o777) }, "chmod go-w"},
		"over a sticky folder": {0o700, func(t *testing.T, key string) { leadOver(t, key, 0o777|os.ModeSticky) }, ""},
		"that others write":    {0o700, func(t *testing.T, key string) { change(t, os.Chmod(key, 0o606)) }, "may be written by others"},
		"that is gone":         {0o700, func(t *testing.T, key string) { change(t, os.Remove(key)) }, "leads nowhere"},
		"that is a folder":     {0o700, func(t *testing.T, key string) { change(t, os.Remove(key)); change(t, os.Mkdir(key, 0o700)) }, "no regular file"},
		"that is a named pipe": {0o700, func(t *testing.T, key string) { change(t, os.Remove(key)); change(t, syscall.Mkfifo(key, 0o600)) }, "no regular file"},
		"of another user": {0o700, func(t *testing.T, key string) {
			if err := os.Chown(key, 12345, -1); errors.Is(err, os.ErrPermission) {
				change(t, os.Chmod(key, 0o606)) // only root can try; others see the mode refused
			}
		}, "may be written by others"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, open := makeUsedFolder(t)
			elsewhere := filepath.Join(t.TempDir(), "keys")
			change(t, os.Mkdir(elsewhere, 0o700))
			key := filepath.Join(elsewhere, "key")
			change(t, os.Rename(c.path("key"), key))
			change(t, os.Symlink(key, c.path("key")))
			change(t, os.Chmod(elsewhere, tc.folder))
			if tc.change != nil {
				tc.change(t, key)
			}
			_, err := open()
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// leadOver puts a link in the place of a key, over a second link in a folder of that mode.
func leadOver(t *testing.T, key string, mode os.FileMode) {
	t.Helper()
	between := filepath.Join(t.TempDir(), "between")
	change(t, os.Mkdir(between, 0o700))
	change(t, os.Chmod(between, mode))
	change(t, os.Rename(key, key+".moved"))
	change(t, os.Symlink(key+".moved", filepath.Join(between, "key")))
	change(t, os.Symlink(filepath.Join(between, "key"), key))
}

func change(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A configuration with secrets in it that others may write is refused; one without is not.
func TestWritableConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"token: " + goodSecret + "\n": true, "listen: 127.0.0.1:0\n": false} {
		for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
			path := filepath.Join(t.TempDir(), "mfaflow.yaml")
			change(t, os.WriteFile(path, []byte(text), 0o600))
			change(t, os.Chmod(path, mode))
			cmd := serveCommand()
			change(t, cmd.Flags().Set("config", path))
			_, err := loadConfig(cmd, func(string) string { return "" })
			if got := err != nil && strings.Contains(err.Error(), "chmod 600 "+path); got != want {
				t.Errorf("%q, mode %04o: error %v, want one: %v", text, mode, err, want)
			}
		}
	}
}

// A folder that others may replace is told.
func TestWritableParentIsTold(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]bool{0o755: false, 0o775: true, 0o757: true, 0o777: true, 0o777 | os.ModeSticky: false} {
		c, open := makeUsedFolder(t)
		change(t, os.Chmod(filepath.Dir(c.data), mode))
		log, err := open()
		if got := strings.Contains(log, "may be replaced by others"); err != nil || got != want {
			t.Errorf("mode %04o: error %v, log %q, want it told: %v", mode, err, log, want)
		}
	}
}

// A configuration with secrets in it that others may read is told; one without is not.
func TestReadableConfigurationIsTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"token: " + goodSecret + "\n": true, "listen: 127.0.0.1:0\n": false} {
		path := filepath.Join(t.TempDir(), "mfaflow.yaml")
		change(t, os.WriteFile(path, []byte(text), 0o644))
		cmd := serveCommand()
		change(t, cmd.Flags().Set("config", path))
		c, err := loadConfig(cmd, func(string) string { return "" })
		change(t, err)
		if got := strings.Contains(strings.Join(c.warnings, ""), "chmod 600 "+path); got != want {
			t.Errorf("%q: warnings %q, want one: %v", text, c.warnings, want)
		}
	}
}
