// Package bench measures a running server from outside, as a client on the same
// machine: how many answers a second, how late the slow ones are, and whether
// one was lost. It fills an installation with made-up subjects first.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Load is a run of one kind of call over kept connections.
type Load struct {
	Address     string // host:port
	Connections int
	Duration    time.Duration
	// Request appends the whole HTTP request number n of a connection.
	Request func(b []byte, conn, n int) []byte
	// Answer is called with the body of each answer; an error ends the run.
	Answer func(conn int, body []byte) error
	Now    func() time.Time
}

// Result of a run. Times are from the request's first byte to the answer's last.
type Result struct {
	Answers  int
	Took     time.Duration
	P50, P99 time.Duration
	Max      time.Duration
}

// Rate is answers a second.
func (r Result) Rate() float64 { return float64(r.Answers) / r.Took.Seconds() }

func (r Result) String() string {
	return fmt.Sprintf("%.0f/s (%d in %s), p50 %s, p99 %s, max %s", r.Rate(), r.Answers, r.Took.Round(time.Millisecond),
		r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.Max.Round(10*time.Microsecond))
}

// Run sends calls until the time is over.
func (l *Load) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Duration)
	defer cancel()
	times := make([][]time.Duration, l.Connections)
	errs := make([]error, l.Connections)
	var wg sync.WaitGroup
	start := l.Now()
	for i := range l.Connections {
		wg.Go(func() { times[i], errs[i] = l.connection(ctx, i) })
	}
	wg.Wait()
	r := Result{Took: l.Now().Sub(start)}
	all := slices.Concat(times...)
	slices.Sort(all)
	if r.Answers = len(all); r.Answers > 0 {
		r.P50, r.P99, r.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	}
	return r, errors.Join(errs...)
}

func (l *Load) connection(ctx context.Context, i int) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // the run is over
	in := bufio.NewReaderSize(conn, 16<<10)
	var out, body []byte
	var times []time.Duration
	for n := 0; ctx.Err() == nil; n++ {
		out = l.Request(out[:0], i, n)
		start := l.Now()
		if _, err := conn.Write(out); err != nil {
			return times, err
		}
		if body, err = readAnswer(in, body[:0]); err != nil {
			return times, err
		}
		times = append(times, l.Now().Sub(start))
		if err := l.Answer(i, body); err != nil {
			return times, err
		}
	}
	return times, nil
}

// readAnswer reads one answer with a Content-Length; anything but 2xx and 403
// is an error.
func readAnswer(in *bufio.Reader, body []byte) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	status := string(line[9:12])
	length := 0
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return nil, err
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return nil, err
			}
		}
	}
	body = slices.Grow(body, length)[:length]
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	if status[0] != '2' && status != "403" {
		return nil, fmt.Errorf("answered %s: %s", status, body)
	}
	return body, nil
}
