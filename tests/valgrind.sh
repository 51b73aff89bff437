#!/bin/sh
# Runs one program under valgrind; what it says is shown only when it fails.
set -u

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# processes that a test starts are not looked at, nor forks on their way there
if valgrind -q --error-exitcode=99 --leak-check=full \
    --child-silent-after-fork=yes "$1" > "$log" 2>&1
then
    echo "ok - $1"
else
    echo "not ok - $1 (status $?)"
    cat "$log"
    exit 1
fi
