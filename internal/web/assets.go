package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed static/*.css static/*.js static/*.woff2 static/*.svg
var static embed.FS

// assets are the files that pages load, under names that carry the hash of
// what is in them: a browser may keep one for ever, and a new one has a new
// name.
type assets struct {
	address map[string]string // style.css → /static/style.5f0c1d2e.css
	content map[string][]byte // style.5f0c1d2e.css → bytes
}

var loaded = sync.OnceValue(loadAssets)

func loadAssets() assets {
	a := assets{map[string]string{}, map[string][]byte{}}
	names, err := fs.Glob(static, "static/*")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var styles []string
	for _, name := range names {
		if path.Ext(name) == ".css" {
			styles = append(styles, name) // last: they name the others
			continue
		}
		a.add(name)
	}
	for _, name := range styles {
		a.add(name)
	}
	return a
}

func (a assets) add(file string) {
	body, err := static.ReadFile(file)
	if err != nil {
		panic(err) // embedded: the tests load every file
	}
	base := path.Base(file)
	if path.Ext(base) == ".css" {
		for name, address := range a.address {
			body = bytes.ReplaceAll(body, []byte("url("+name+")"), []byte("url("+address+")"))
		}
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(base)
	name := strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	a.address[base], a.content[name] = "/static/"+name, body
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, ok := loaded().content[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// contentType does not depend on what the machine's tables know.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".woff2":
		return "font/woff2"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}
