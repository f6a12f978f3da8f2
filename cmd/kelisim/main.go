// Command kelisim takes consents, decides every access to personal data by
// Kazakhstan's Law 94-V, keeps the data sealed and journals every act.
package main

import (
	"os"

	"kelisim/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
