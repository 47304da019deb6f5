#!/bin/sh
# build.sh OUT: compile gantry-caller, static, for this machine into the file OUT, if that is older than its source.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ ! -f "$1" ] || [ -n "$(find "$here" -newer "$1")" ] || exit 0
command -v gcc > /dev/null || { echo "build.sh: gcc is missing: apt-get install gcc libc6-dev" >&2; exit 1; }
mkdir -p "$(dirname "$1")"
gcc -std=gnu17 -O2 -Wall -Wextra -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -static-pie \
  -Wl,-z,relro,-z,now,-z,noexecstack -o "$1" "$here/caller.c"
