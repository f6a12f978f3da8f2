package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Master wraps the keys directly under it. The file below is one; a key
// service (OpenBao, Vault) is another.
type Master interface {
	// Wrap seals a key for a place.
	Wrap(k Key, place []byte) ([]byte, error)
	// Unwrap opens it, or ErrOpen.
	Unwrap(wrapped, place []byte) (Key, error)
}

// File is a master key kept in a file that only the owner may read. Whoever
// has this file and the database has the data: back them up apart.
type File struct{ key Key }

const fileHeader = "kelisim-master-key-1 "

// CreateFile writes a fresh master key to path, which must not exist, and
// makes it durable before it returns: everything is sealed under it.
func CreateFile(path string) (*File, error) {
	k := NewKey()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the master key: %w", err)
	}
	_, err = f.WriteString(fileHeader + base64.StdEncoding.EncodeToString(k[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path))); err != nil {
		return nil, fmt.Errorf("write the master key: %w", err)
	}
	return &File{k}, nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// OpenFile reads a master key and refuses a file that others may read.
func OpenFile(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the master key %s can be read by others: chmod 600 it: %w", filepath.Base(path), fs.ErrPermission)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(string(b)), fileHeader)
	raw, err := base64.StdEncoding.DecodeString(text)
	var k Key
	if !ok || err != nil || len(raw) != len(k) {
		return nil, fmt.Errorf("%s is not a master key file: restore it from its backup", filepath.Base(path))
	}
	copy(k[:], raw)
	return &File{k}, nil
}

// Wrap seals a key under the master key.
func (f *File) Wrap(k Key, place []byte) ([]byte, error) { return f.key.Wrap(k, place), nil }

// Unwrap opens a key sealed by Wrap.
func (f *File) Unwrap(w, place []byte) (Key, error) { return f.key.Unwrap(w, place) }
