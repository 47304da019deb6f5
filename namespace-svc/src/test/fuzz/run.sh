#!/bin/sh
# run.sh [SECONDS [DIR]]: fuzzes the launcher's plan parser with libFuzzer under ASan and UBSan, for 60 seconds or as many
# as are asked for, from the corpus beside this script and what DIR holds; what is found goes to DIR (a fresh one otherwise).
# Exit 1: something was found; the input that shows it is named. `run.sh --merge DIR` keeps what of DIR reaches new code.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v clang >/dev/null || { echo "run.sh: clang is missing: apt-get install clang" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang -std=gnu17 -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -o "$work/plan_fuzzer" "$here/plan_fuzzer.c" "$here/../../main/c/plan.c"
if [ "${1:-}" = --merge ]; then
  mkdir "$work/merged"
  "$work/plan_fuzzer" -set_cover_merge=1 "$work/merged" "$here/corpus" "${2:?DIR}" 2>&1 | tail -1
  rm -f "$here"/corpus/*
  cp "$work/merged"/* "$here/corpus"
  exit
fi
found=${2:-$(mktemp -d -t plan-fuzz-XXXXXX)}
mkdir -p "$found"
echo "corpus: $here/corpus and $found"
cd "$found"
"$work/plan_fuzzer" -max_total_time="${1:-60}" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
    "$found" "$here/corpus" 2>&1 | grep -E "ERROR|SUMMARY|Test unit|stat::|DONE|artifact" || true
if ls "$found"/crash-* "$found"/timeout-* "$found"/oom-* 2>/dev/null; then exit 1; fi
