package bolt

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// birthTime is when the file was made, in nanoseconds, or 0 where the file system does
// not say. Moving, renaming and changing a file keep it, a copy has its own, and nobody
// can set it.
func birthTime(path string) (int64, error) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BTIME, &st); err != nil {
		return 0, fmt.Errorf("statx %s: %w", path, err)
	}
	if st.Mask&unix.STATX_BTIME == 0 {
		return 0, nil
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec), nil
}
