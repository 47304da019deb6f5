#!/bin/sh
# build.sh OUT [CC]: compile the launcher, static, into the file OUT. CC: gcc, aarch64-linux-gnu-gcc, … EXTRA: more flags.
# build.sh --all DIR: for this machine as DIR/gantry-launcher, for the other architecture as DIR/ARCH/gantry-launcher if its
# compiler is there; what is newer than its sources stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

compile() { # OUT CC PACKAGES
  command -v "$2" >/dev/null || { echo "build.sh: $2 is missing: apt-get install $3" >&2; return 1; }
  mkdir -p "$(dirname "$1")"
  # shellcheck disable=SC2086
  "$2" -std=gnu17 -O2 -Wall -Wextra -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE ${LINK:--static-pie} \
    -Wl,-z,relro,-z,now,-z,noexecstack ${EXTRA:-} -o "$1" "$here"/*.c
}

fresh() { [ -f "$1" ] && [ -z "$(find "$here" -newer "$1")" ]; }

if [ "$1" != --all ]; then
  compile "$1" "${2:-gcc}" "gcc libc6-dev"
  exit
fi
case $(uname -m) in
  x86_64) other=aarch64 packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
  aarch64) other=x86_64 packages="gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;;
  *) echo "build.sh: the launcher is for x86_64 and aarch64, this machine is $(uname -m)" >&2; exit 1 ;;
esac
fresh "$2/gantry-launcher" || compile "$2/gantry-launcher" gcc "gcc libc6-dev"
if ! command -v "$other-linux-gnu-gcc" >/dev/null; then
  rm -rf "${2:?}/$other" # of other sources, perhaps
  echo "build.sh: the launcher is not built for $other: apt-get install $packages"
elif ! fresh "$2/$other/gantry-launcher"; then
  compile "$2/$other/gantry-launcher" "$other-linux-gnu-gcc" "$packages"
fi
