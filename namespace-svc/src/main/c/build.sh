#!/bin/sh
# build.sh OUT [CC]: compile the launcher, static, into the file OUT. CC: gcc, aarch64-linux-gnu-gcc, … EXTRA: more flags.
set -eu
out=$1 cc=${2:-gcc} here=$(cd "$(dirname "$0")" && pwd)
command -v "$cc" >/dev/null || { echo "build.sh: $cc is missing: apt-get install gcc libc6-dev" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
# shellcheck disable=SC2086
exec "$cc" -std=gnu17 -O2 -Wall -Wextra -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE ${LINK:--static-pie} \
    -Wl,-z,relro,-z,now,-z,noexecstack ${EXTRA:-} -o "$out" "$here"/*.c
