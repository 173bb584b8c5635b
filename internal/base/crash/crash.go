// Package crash names the points where tests kill the process. In a release a point does nothing.
package crash

import (
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

var armed atomic.Pointer[string]

// Arm makes Point(name) kill the process the way a power cut would: no deferred call, no flush. It is called by
// cmd/parvis in test builds from PARVIS_CRASH_AT ("name" or "name:3" for the third time) and by tests.
func Arm(name string) { armed.Store(&name) }

var count atomic.Int64

// Point kills the process when it was armed with this name.
func Point(name string) {
	at := armed.Load()
	if at == nil {
		return
	}
	want, nth, _ := strings.Cut(*at, ":")
	if want != name {
		return
	}
	n := int64(1)
	if nth != "" {
		n = 0
		for _, r := range nth {
			n = n*10 + int64(r-'0')
		}
	}
	if count.Add(1) >= n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
