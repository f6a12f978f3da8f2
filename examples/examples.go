// Package examples holds descriptions of operators that are ready to run.
package examples

import "embed"

// Files are the descriptions, one folder an operator.
//
//go:embed */operator.yaml
var Files embed.FS
