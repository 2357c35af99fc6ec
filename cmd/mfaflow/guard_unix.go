//go:build unix

package main

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// foreignOwner is the owner of a file, and whether that is somebody other than us and root.
func foreignOwner(info fs.FileInfo) (owner string, foreign bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid == 0 || int(st.Uid) == os.Geteuid() {
		return "", false
	}
	return "uid " + strconv.FormatUint(uint64(st.Uid), 10), true
}
