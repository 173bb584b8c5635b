package db_test

import (
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"math/rand/v2"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// disk is a file layer under SQLite that remembers what was written but not yet synced, so that a test can see
// what a power cut would leave. It passes everything on to the real files.
var disk = struct {
	sync.Mutex
	once    sync.Once
	real    uintptr                   // SQLite's own layer
	methods map[uintptr]uintptr       // its file methods, and our copies
	handles map[uintptr]*fileOnDisk   // by SQLite's handle
	files   map[string]*fileOnDisk    // by path
	origin  map[*fileOnDisk]fileCalls // what our copies replaced
	lies    bool                      // sync does nothing, and says it did
	fails   bool                      // sync fails
}{methods: map[uintptr]uintptr{}, handles: map[uintptr]*fileOnDisk{}, files: map[string]*fileOnDisk{},
	origin: map[*fileOnDisk]fileCalls{}}

type fileCalls struct{ write, truncate, sync, close uintptr }

// fileOnDisk keeps the writes since the last sync. Its file stays open: closing it would drop SQLite's locks.
type fileOnDisk struct {
	path     string
	file     *os.File
	unsynced []unsynced
}

// unsynced is one write, and what it replaced; a truncation has no new bytes and the new size as its offset.
type unsynced struct {
	offset   int64
	old, new []byte
	oldSize  int64
	truncate bool
}

type (
	openCall     = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	closeCall    = func(*libc.TLS, uintptr) int32
	writeCall    = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncateCall = func(*libc.TLS, uintptr, int64) int32
	syncCall     = func(*libc.TLS, uintptr, int32) int32
)

// call turns the address of a translated C function into a Go function, and address is the way back.
func call[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ uintptr }{address}))
}

func address[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// at reads a C structure; SQLite's memory does not move.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// diskLayer registers the layer and returns its name.
func diskLayer() string {
	const name = "powercut"
	disk.once.Do(func() {
		tls := libc.NewTLS()
		disk.real = sqlite3.Xsqlite3_vfs_find(tls, 0)
		size := unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})
		mine := libc.Xmalloc(tls, libc.Tsize_t(size))
		*at[sqlite3.Tsqlite3_vfs](mine) = *at[sqlite3.Tsqlite3_vfs](disk.real)
		cname, err := libc.CString(name)
		if err != nil {
			panic(err)
		}
		at[sqlite3.Tsqlite3_vfs](mine).FzName = cname
		at[sqlite3.Tsqlite3_vfs](mine).FxOpen = address[openCall](diskOpen)
		if rc := sqlite3.Xsqlite3_vfs_register(tls, mine, 0); rc != 0 {
			panic(rc)
		}
	})
	return name
}

func diskOpen(tls *libc.TLS, vfs, name, handle uintptr, flags int32, out uintptr) int32 {
	rc := call[openCall](at[sqlite3.Tsqlite3_vfs](disk.real).FxOpen)(tls, vfs, name, handle, flags, out)
	if rc != sqlite3.SQLITE_OK || name == 0 {
		return rc
	}
	disk.Lock()
	defer disk.Unlock()
	path := libc.GoString(name)
	f := disk.files[path]
	if f == nil {
		file, err := os.Open(path)
		if err != nil {
			return sqlite3.SQLITE_CANTOPEN
		}
		f = &fileOnDisk{path: path, file: file}
		disk.files[path] = f
	}
	disk.handles[handle] = f
	file := at[sqlite3.Tsqlite3_file](handle)
	theirs := file.FpMethods
	m := at[sqlite3.Tsqlite3_io_methods](theirs)
	disk.origin[f] = fileCalls{m.FxWrite, m.FxTruncate, m.FxSync, m.FxClose}
	ours := disk.methods[theirs]
	if ours == 0 {
		ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*m)))
		patched := at[sqlite3.Tsqlite3_io_methods](ours)
		*patched = *m
		patched.FxWrite = address[writeCall](diskWrite)
		patched.FxTruncate = address[truncateCall](diskTruncate)
		patched.FxSync = address[syncCall](diskSync)
		patched.FxClose = address[closeCall](diskClose)
		disk.methods[theirs] = ours
	}
	file.FpMethods = ours
	return rc
}

func diskWrite(tls *libc.TLS, handle, from uintptr, n int32, offset int64) int32 {
	disk.Lock()
	defer disk.Unlock()
	f := disk.handles[handle]
	w := unsynced{offset: offset, oldSize: f.size(), new: make([]byte, n), old: make([]byte, n)}
	got, _ := f.file.ReadAt(w.old, offset)
	w.old = w.old[:got]
	copy(w.new, unsafe.Slice(at[byte](from), n))
	rc := call[writeCall](disk.origin[f].write)(tls, handle, from, n, offset)
	f.unsynced = append(f.unsynced, w)
	return rc
}

func diskTruncate(tls *libc.TLS, handle uintptr, size int64) int32 {
	disk.Lock()
	defer disk.Unlock()
	f := disk.handles[handle]
	w := unsynced{offset: size, oldSize: f.size(), truncate: true}
	if w.oldSize > size {
		w.old = make([]byte, w.oldSize-size)
		_, _ = f.file.ReadAt(w.old, size)
	}
	f.unsynced = append(f.unsynced, w)
	return call[truncateCall](disk.origin[f].truncate)(tls, handle, size)
}

func diskSync(tls *libc.TLS, handle uintptr, flags int32) int32 {
	disk.Lock()
	defer disk.Unlock()
	if disk.fails {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	if disk.lies {
		return sqlite3.SQLITE_OK
	}
	f := disk.handles[handle]
	f.unsynced = nil
	// The real sync would only slow the test: the machine's own power is not cut.
	return sqlite3.SQLITE_OK
}

func diskClose(tls *libc.TLS, handle uintptr) int32 {
	disk.Lock()
	f := disk.handles[handle]
	delete(disk.handles, handle)
	disk.Unlock()
	return call[closeCall](disk.origin[f].close)(tls, handle)
}

func (f *fileOnDisk) size() int64 {
	info, err := f.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// cut writes into folder what a power cut at this moment would leave of the files under path: all that was
// synced, and of each later write all or nothing, by chance (keep in 0…1).
func cut(path, folder string, random *rand.Rand, keep float64) (string, error) {
	disk.Lock()
	defer disk.Unlock()
	for name, f := range disk.files {
		if name != path && name != path+"-wal" {
			continue
		}
		content := make([]byte, f.size())
		_, _ = f.file.ReadAt(content, 0)
		for i := len(f.unsynced) - 1; i >= 0; i-- {
			w := f.unsynced[i]
			content = resize(content, max(w.oldSize, w.offset+int64(len(w.old))))
			copy(content[w.offset:], w.old)
			content = resize(content, w.oldSize)
		}
		for _, w := range f.unsynced {
			if random.Float64() >= keep {
				continue
			}
			if w.truncate {
				content = resize(content, w.offset)
				continue
			}
			content = resize(content, max(int64(len(content)), w.offset+int64(len(w.new))))
			copy(content[w.offset:], w.new)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), content, 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// behave sets how syncs behave from now on.
func behave(lies, fails bool) {
	disk.Lock()
	defer disk.Unlock()
	disk.lies, disk.fails = lies, fails
}
