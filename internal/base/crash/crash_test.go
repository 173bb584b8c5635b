package crash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if at := os.Getenv("PARVIS_CRASH_CHILD"); at != "" {
		Arm(at)
		for i := range 5 {
			Point("elsewhere")
			fmt.Print(i + 1)
			Point("book.after_commit")
		}
		return
	}
	os.Exit(m.Run())
}

func TestPointKillsAtTheArmedNameAndTime(t *testing.T) {
	for at, want := range map[string]struct {
		output string
		killed bool
	}{
		"book.after_commit":   {"1", true},
		"book.after_commit:3": {"123", true},
		"book.after_commit:9": {"12345", false},
		"never.reached":       {"12345", false},
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PARVIS_CRASH_CHILD="+at)
		output, err := cmd.Output()
		var exit *exec.ExitError
		killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if string(output) != want.output || killed != want.killed {
			t.Errorf("%s: printed %q, killed %v; want %q, %v", at, output, killed, want.output, want.killed)
		}
	}
}

func TestUnarmedPointDoesNothing(t *testing.T) { Point("anything") }
