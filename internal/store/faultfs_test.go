package store_test

import (
	crand "crypto/rand"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// damage is what becomes of the operation of a disk that fails.
type damage string

const (
	before   damage = "fails before it took effect"
	after    damage = "fails after it took effect"
	torn     damage = "fails after half of it took effect"
	full     damage = "finds the disk full, and so do all after it"
	powerCut damage = "is the last before the power fails"
)

// faultFS is a file system that passes everything to the system's own until its
// n-th change of a file. It remembers what was not synced yet, which is what a
// power cut can take away.
type faultFS struct {
	vfs.VFS
	name string

	mu     sync.Mutex
	at     int // the change that fails, counted from one; 0 for none
	damage damage
	n      int
	fired  bool
	synced bool // the change that failed was a sync
	dead   bool // no power any more
	// unsynced is what a power cut can take away of each file, oldest first.
	unsynced map[string][]undo
}

// newFaultFS registers a file system that works.
func newFaultFS(t testing.TB) *faultFS {
	name := "fault" + crand.Text()
	f := &faultFS{VFS: vfs.Find("os"), name: name, unsynced: map[string][]undo{}}
	vfs.Register(name, f)
	t.Cleanup(func() { vfs.Unregister(name) })
	return f
}

var errDisk = errors.New("wanted by the test: the disk fails")

// change decides about one change: how many bytes of it take effect (all of
// them for size), and the error.
func (f *faultFS) change(size int, sync bool) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return 0, errDisk
	}
	if f.n++; f.at == 0 || f.n < f.at || f.n > f.at && f.damage != full {
		return size, nil
	}
	if f.n == f.at {
		f.fired, f.synced = true, sync
	}
	switch f.damage {
	case after:
		if sync { // of the file it was done, of its directory not
			return size, vfs.SystemError(errDisk, sqlite3.IOERR_DIR_FSYNC)
		}
		return size, errDisk
	case torn:
		return size / 2, errDisk
	case full:
		if sync {
			return size, nil // a full disk still syncs
		}
		return 0, &fs.PathError{Op: "write", Path: "-", Err: syscall.ENOSPC}
	case powerCut:
		f.dead = true
		return size / 2, errDisk
	default:
		return 0, errDisk
	}
}

// mend lets everything pass again.
func (f *faultFS) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = 0
}

// OpenFilename wraps what the system opens.
func (f *faultFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := f.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil {
		return nil, flags, err
	}
	return &faultFile{File: file, fs: f, path: name.String()}, flags, nil
}

// Delete is a change too: the log goes that way when a database closes.
func (f *faultFS) Delete(name string, dir bool) error {
	if n, err := f.change(1, false); n == 0 {
		return err
	}
	return f.VFS.Delete(name, dir)
}

// cut takes away what was written and not synced: in each file all that came
// after a moment that is drawn.
func (f *faultFS) cut(t testing.TB, r *rand.Rand) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(f.unsynced)) { // what is drawn for a file does not depend on chance
		list := f.unsynced[path]
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		keep := r.IntN(len(list) + 1)
		for i := len(list) - 1; i >= keep; i-- {
			if err := list[i].apply(file); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// undo is what a write replaced.
type undo struct {
	at   int64
	was  []byte
	size int64 // of the file before
}

func (u undo) apply(f *os.File) error {
	if _, err := f.WriteAt(u.was, u.at); err != nil {
		return err
	}
	return f.Truncate(u.size)
}

type faultFile struct {
	vfs.File
	fs   *faultFS
	path string
}

func (w *faultFile) WriteAt(p []byte, off int64) (int, error) {
	n, failed := w.fs.change(len(p), false)
	if n > 0 {
		if err := w.remember(off, n); err != nil {
			return 0, err
		}
		if m, err := w.File.WriteAt(p[:n], off); err != nil {
			return m, err
		}
	}
	return n, failed
}

func (w *faultFile) Truncate(size int64) error {
	n, failed := w.fs.change(1, false)
	if n > 0 {
		now, err := w.File.Size()
		if err != nil {
			return err
		}
		if err := w.remember(size, int(max(now-size, 0))); err != nil {
			return err
		}
		if err := w.File.Truncate(size); err != nil {
			return err
		}
	}
	return failed
}

func (w *faultFile) Sync(flags vfs.SyncFlag) error {
	n, failed := w.fs.change(2, true)
	if n == 2 {
		if err := w.File.Sync(flags); err != nil {
			return err
		}
		w.fs.mu.Lock()
		defer w.fs.mu.Unlock()
		delete(w.fs.unsynced, w.path)
	}
	return failed
}

// remember notes what is about to be replaced.
func (w *faultFile) remember(off int64, n int) error {
	u := undo{at: off, was: make([]byte, n)}
	m, err := w.File.ReadAt(u.was, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	u.was = u.was[:m]
	if u.size, err = w.File.Size(); err != nil {
		return err
	}
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	w.fs.unsynced[w.path] = append(w.fs.unsynced[w.path], u)
	return nil
}

// What SQLite asks of a file beyond the least.

func (w *faultFile) Unwrap() vfs.File               { return w.File }
func (w *faultFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(w.File) }
func (w *faultFile) LockState() vfs.LockLevel       { return vfsutil.WrapLockState(w.File) }
func (w *faultFile) PersistWAL() bool               { return vfsutil.WrapPersistWAL(w.File) }
func (w *faultFile) SetPersistWAL(keep bool)        { vfsutil.WrapSetPersistWAL(w.File, keep) }
func (w *faultFile) PowersafeOverwrite() bool       { return vfsutil.WrapPowersafeOverwrite(w.File) }

func (w *faultFile) SetPowersafeOverwrite(psow bool) { vfsutil.WrapSetPowersafeOverwrite(w.File, psow) }
func (w *faultFile) HasMoved() (bool, error)         { return vfsutil.WrapHasMoved(w.File) }
