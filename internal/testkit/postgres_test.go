package testkit

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// This test is run again as a child, which starts a server and waits to be killed.
func TestServerEndsWithAKilledTestProcess(t *testing.T) {
	const name = "PARVIS_TESTKIT_CHILD"
	if os.Getenv(name) != "" {
		fmt.Println("server in", startPostgres(t).dir)
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), name+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		_, dir, _ = strings.Cut(lines.Text(), "server in ")
	}
	lock, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(lock), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 200 {
		_, folder := os.Stat(dir)
		if syscall.Kill(pid, 0) != nil && os.IsNotExist(folder) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the killed process left its server %d or the folder %s behind", pid, dir)
}
