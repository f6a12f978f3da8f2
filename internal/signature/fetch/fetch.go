// Package fetch asks authorities over HTTP for package signature: revocation lists,
// responders, NCANode. It is the only part of checking signatures that reaches
// the network.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer is the longest answer that is read. The list of a country's authority
// has some megabytes.
const maxAnswer = 32 << 20

// Client implements signature.Web. It follows no redirects: an address that a
// trusted certificate names would otherwise stand for any other.
type Client struct{ http http.Client }

// New returns a client that uses the transport; nil for the standard one, which
// takes a proxy from the environment.
func New(transport http.RoundTripper) *Client {
	return &Client{http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ask implements signature.Web.
func (c *Client) Ask(ctx context.Context, address, contentType string, body []byte) (int, []byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return 0, nil, errors.New("fetch: not an address of the web")
	}
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read, or will not be
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, err
	}
	if len(answer) > maxAnswer {
		return 0, nil, errors.New("fetch: the answer is too long")
	}
	return resp.StatusCode, answer, nil
}
