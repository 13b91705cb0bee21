#!/bin/sh
# Ends with a sentence that says what to install when Go 1.26, a JDK 17 or Maven is missing.
set -u

missing() {
	echo "flink-hpa: $1" >&2
	exit 1
}

# at_least HAVE WANT: compares the first two numbers of a version.
at_least() {
	printf '%s %s\n' "$1" "$2" | awk '{ split($1, h, "."); split($2, w, "."); exit !(h[1] + 0 > w[1] + 0 || (h[1] + 0 == w[1] + 0 && h[2] + 0 >= w[2] + 0)) }'
}

[ "$(uname -s)" = Linux ] || missing "the test bed gives each pod a loopback address of its own, which only Linux allows. Run this on Linux."

command -v go >/dev/null || missing "go is not on the PATH. Install Go 1.26 or newer."
go=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//')
at_least "${go:-0}" 1.26 || missing "go is ${go:-of an unknown version}. Install Go 1.26 or newer."

command -v java >/dev/null || missing "java is not on the PATH. Install a JDK 17."
java=$(java -version 2>&1 | sed -n 's/.* version "\([0-9.]*\).*/\1/p' | head -n 1)
at_least "${java:-0}" 17 || missing "java is ${java:-of an unknown version}. Install a JDK 17."
command -v javac >/dev/null || missing "java is there, but javac is not. Install a whole JDK 17, not a JRE."

command -v mvn >/dev/null || missing "mvn is not on the PATH. Install Maven 3.8 or newer."
