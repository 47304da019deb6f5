#!/usr/bin/env bash
# run.sh SECONDS [layer|manifest|dockerfile]: Jazzer looks for tars, image documents and Dockerfiles that are neither taken nor
# refused, a third of the time each. Begins with corpus/ (a Dockerfile: orchestrator/src/test/fuzz/corpus); what ends in a crash is kept below ${GANTRY_FUZZ:-/tmp/gantry-fuzz} and belongs into corpus/ once it
# is mended. Needs a built project (mvn package).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../../../..")
seconds=${1:?seconds}
kinds=(layer manifest dockerfile)
[ $# -lt 2 ] || kinds=("$2")
version=0.30.0
java=${JAVA_HOME:-/usr/lib/jvm/temurin-25-jdk-amd64}/bin/java
repository=${HOME}/.m2/repository/com/code-intelligence
for part in jazzer jazzer-api; do
  [ -f "$repository/$part/$version/$part-$version.jar" ] \
    || mvn -q -B dependency:get -Dartifact=com.code-intelligence:$part:$version -Dtransitive=false
done
lib=$top/orchestrator/target/gantry/lib
[ -d "$lib" ] || { echo "fuzz: $lib is missing: mvn package" >&2; exit 2; }
class_path=$top/storage-svc/target/classes:$top/storage-svc/target/test-classes:$top/bus/target/classes
class_path+=:$top/orchestrator/target/classes:$top/orchestrator/target/test-classes
class_path+=:$repository/jazzer/$version/jazzer-$version.jar:$repository/jazzer-api/$version/jazzer-api-$version.jar
for jar in "$lib"/{jackson,zstd,vertx,netty-common,netty-buffer}*.jar; do
  class_path+=:$jar
done

declare -A targets=([layer]=dev.gantry.storage.fuzz.LayerFuzz [manifest]=dev.gantry.storage.content.ManifestFuzz
  [dockerfile]=dev.gantry.orchestrator.build.dockerfile.DockerfileFuzz)
declare -A corpora=([layer]=$here/corpus/layer [manifest]=$here/corpus/manifest [dockerfile]=$top/orchestrator/src/test/fuzz/corpus)
work=${GANTRY_FUZZ:-/tmp/gantry-fuzz}
mkdir -p "$work"
for kind in "${kinds[@]}"; do
  found=$(mktemp -d "$work/$kind.XXXXXX")
  log=$found.log
  if ! (cd "$found" && "$java" -Xmx512m --enable-native-access=ALL-UNNAMED -cp "$class_path" com.code_intelligence.jazzer.Jazzer \
    --target_class="${targets[$kind]}" --instrumentation_includes='dev.gantry.**' \
    --custom_hook_includes='dev.gantry.**' --disabled_hooks='com.code_intelligence.jazzer.sanitizers.*' \
    -max_total_time=$((seconds / ${#kinds[@]})) -max_len=16384 -artifact_prefix="$found/" -print_final_stats=1 \
    "$found" "${corpora[$kind]}" > "$log" 2>&1); then
    tail -n 40 "$log" >&2
    echo "fuzz: $kind: see $log and $found/crash-*" >&2
    exit 1
  fi
  echo "$kind: $(grep -oE 'number_of_executed_units: *[0-9]+' "$log" | grep -oE '[0-9]+$') inputs, none that crashes"
  rm -rf "$found" "$log"
done
rmdir "$work" 2> /dev/null || true # What others found stays.
