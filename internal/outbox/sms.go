package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Texter sends short messages. An error says nothing of the number.
type Texter interface {
	// Text returns once the message was taken. id is the same however often it is
	// sent. errRefused: it never will be.
	Text(ctx context.Context, id, to, text string) error
}

// Gateway sends by an operator's HTTP interface. Every operator has another one,
// so what is called is a template.
type Gateway struct {
	// URL has the places {to}, {text} and {id}; with one of the first two in it, it
	// is called as it is. Otherwise {"id","to","text"} is posted to it as JSON.
	URL string
	// Authorization goes into the header of that name.
	Authorization string
	Client        *http.Client
}

// Text implements Texter.
func (g *Gateway) Text(ctx context.Context, id, to, text string) error {
	r, err := g.request(ctx, id, to, text)
	if err != nil {
		return errors.New("the gateway's address cannot be used")
	}
	if g.Authorization != "" {
		r.Header.Set("Authorization", g.Authorization)
	}
	res, err := g.Client.Do(r)
	if err != nil {
		return fmt.Errorf("the gateway %w", errDown)
	}
	defer res.Body.Close()                                             //nolint:errcheck // read, not written
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, maxReceipt)) // so that the connection can be used again
	switch {
	case res.StatusCode/100 == 2:
		return err
	case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("gateway %d: %w", res.StatusCode, errRefused)
	default:
		return fmt.Errorf("gateway %d: %w", res.StatusCode, errDown)
	}
}

func (g *Gateway) request(ctx context.Context, id, to, text string) (*http.Request, error) {
	if strings.Contains(g.URL, "{to}") || strings.Contains(g.URL, "{text}") {
		full := strings.NewReplacer("{to}", url.QueryEscape(to), "{text}", url.QueryEscape(text), "{id}", url.QueryEscape(id)).Replace(g.URL)
		return http.NewRequestWithContext(ctx, http.MethodGet, full, nil)
	}
	body, err := json.Marshal(map[string]string{"id": id, "to": to, "text": text})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, err
}

// Folder writes messages into a directory, a file each: for a demonstration, and
// for a gateway that takes files. A repeat writes the same file.
type Folder struct{ Dir string }

// Text implements Texter.
func (f *Folder) Text(_ context.Context, id, to, text string) error {
	b, err := json.Marshal(map[string]string{"to": to, "text": text})
	if err == nil {
		err = os.MkdirAll(f.Dir, 0o700)
	}
	path := filepath.Join(f.Dir, id+".json")
	if err == nil {
		err = os.WriteFile(path+".new", append(b, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return errors.New("the folder of messages cannot be written to")
	}
	return nil
}
