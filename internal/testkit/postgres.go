package testkit

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parvis/internal/base/db"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

// server is the private PostgreSQL of this test process: a cluster in a temporary folder, reached by a unix
// socket inside it. It ends with the process, however the process ends.
type server struct {
	dir       string
	pool      *sql.DB
	mu        sync.Mutex
	templates map[string]string
	names     int
}

var shared struct {
	once sync.Once
	s    *server
	err  error
}

func startPostgres(t testing.TB) *server {
	t.Helper()
	shared.once.Do(func() { shared.s, shared.err = newServer() })
	if shared.err != nil {
		t.Fatalf("private PostgreSQL: %v", shared.err)
	}
	return shared.s
}

// keeper runs the server and waits for its own input to close, which happens when the test process is gone,
// even killed; then it ends the server at once and removes its folder.
const keeper = `
cd "$2" || exit 1
"$1/initdb" -D data -U parvis -A trust -E UTF8 --locale=C --no-sync --wal-segsize=1 >initdb.log 2>&1 </dev/null || exit 1
"$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
  -c shared_buffers=32MB -c max_connections=120 -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 \
  -c max_wal_size=64MB -c min_wal_size=2MB >server.log 2>&1 </dev/null &
cat >/dev/null
kill -QUIT $! 2>/dev/null
wait
cd / && rm -rf "$2"
`

func newServer() (*server, error) {
	bin, err := postgresFolder()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parvis-pg-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", bin, dir)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() == 0 {
		credential, err := unprivileged()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = credential
	}
	// The pipe's other end stays open, and is closed by the system, for as long as this process lives.
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	s := &server{dir: dir, templates: map[string]string{}}
	if s.pool, err = sql.Open("pgx", s.url("postgres")); err != nil {
		return nil, err
	}
	return s, s.waitReady(ended)
}

func (s *server) waitReady(ended <-chan struct{}) error {
	var last error
	for range 1200 {
		if last = s.pool.Ping(); last == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended while starting: %s", s.logs())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("not ready after a minute: %w: %s", last, s.logs())
}

func (s *server) logs() string {
	var all []byte
	for _, name := range []string{"initdb.log", "server.log"} {
		text, _ := os.ReadFile(filepath.Join(s.dir, name))
		all = append(all, text...)
	}
	return string(all)
}

// postgresFolder finds the newest installed server.
func postgresFolder() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no server under /usr/lib/postgresql: install the Debian package postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	return filepath.Dir(found[0]), nil
}

// unprivileged is who runs the server when tests run as root, which PostgreSQL refuses.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("no user postgres to run it as: install the Debian package postgresql")
}

func (s *server) url(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"parvis"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

func (s *server) admin(t testing.TB, statement string) {
	t.Helper()
	if _, err := s.pool.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *server) nextName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names++
	return fmt.Sprintf("test_%d", s.names)
}

// template names an empty migrated database, made once for each set of sources.
func (s *server) template(t testing.TB, sources []db.Source) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	key := digest(t, sources)
	if name, ok := s.templates[key]; ok {
		return name
	}
	name := "template_" + key
	s.admin(t, `create database `+name+` template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`)
	migrate(t, s.url(name), sources)
	s.templates[key] = name
	return name
}

// PostgresLeft waits until nobody is connected to a database of this cluster: what a killed client had sent is then done or
// undone, and nothing of it will happen any more.
func PostgresLeft(t testing.TB, database string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name, n := strings.TrimPrefix(u.Path, "/"), 0
	for range 1200 {
		if err := shared.s.pool.QueryRow(`select count(*) from pg_stat_activity where datname = $1`, name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d connections of a client that is gone are still at work in %s", n, name)
}
