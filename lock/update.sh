#!/usr/bin/env bash
# Writes lock/*.txt from pyproject.toml: update.sh UV PYTHON. UPGRADE=1 takes the newest versions, otherwise pins are kept.
# dev.txt is resolved first and constrains the others, so a package has one version in all of them. Each pin has a wheel:
# an installation never runs a stranger's build script. No file names an index; pip uses the one of the machine.
set -euo pipefail
uv=$1 python=$2
cd "$(dirname "$0")/.."

compile() { # OUTPUT ARGUMENT...
  local output=$1
  shift
  "$uv" pip compile --quiet --universal --python "$python" --python-version 3.11 --only-binary :all: --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} --output-file "lock/$output.txt" "$@"
  echo "lock/$output.txt: $(grep -c '==' "lock/$output.txt") packages"
}

"$python" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' |
  compile build -
compile dev pyproject.toml --extra otel --group dev
UPGRADE=
compile runtime pyproject.toml --constraints lock/dev.txt
compile image pyproject.toml --extra otel --constraints lock/dev.txt
compile demo pyproject.toml --group local --constraints lock/dev.txt
compile test pyproject.toml --extra otel --group live --constraints lock/dev.txt
compile glide pyproject.toml --extra otel --group live --group glide --constraints lock/dev.txt
"$python" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["sbom"], sep="\n")' |
  compile sbom - --constraints lock/dev.txt
