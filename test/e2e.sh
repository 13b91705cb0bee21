#!/bin/sh
# Runs the end to end tests: those of faults on a bed of their own beside the others', as they mostly wait. Their output comes last.
set -u
cd "$(dirname "$0")/e2e"
mkdir -p ../../out
program=../../.cache/bin/e2e.test log=../../out/faults.log

go test -race -tags e2e -c -o "$program" . || exit 1
# By itself, so that it hears of the signal to end, and ends its bed.
"$program" -test.v -test.timeout 30m -test.run '^TestWhen' -state faults -impatient >"$log" 2>&1 &
faults=$!
trap 'kill -TERM "$faults" 2>/dev/null; wait "$faults"; exit 130' INT TERM HUP
go test -race -tags e2e -count=1 -timeout 30m -parallel 8 -v -skip '^TestWhen' .
others=$?
echo "The tests of faults, which ran beside these:"
wait "$faults"
failed=$?
cat "$log"
exit $((others | failed))
