#!/usr/bin/env bash
# Makes the container images that the cluster's nodes start with, from Debian's packages; no image registry is needed:
#   images.sh FOLDER        writes FOLDER/*.tar; what is there already is kept
# Needs root, buildah and debootstrap, and a Debian mirror. The operator's own image is made by `make image`, on the Python image of here.
set -euo pipefail
out=${1:?images.sh FOLDER}
suite=bookworm
# The mirror that this machine's own apt uses for that release, or the one that is named.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" 'Component: main' 'Created-By: Packages' | head -1)}
[[ -n $mirror ]] || { echo "apt here knows no mirror of Debian $suite: set DEBIAN_MIRROR to the address of one" >&2; exit 1; }
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

exists() { buildah inspect --type image "$1" > /dev/null 2>&1; }

quietly() { "$@" > "$work/log" 2>&1 || { tail -20 "$work/log" >&2; return 1; }; }

base() { # the smallest Debian, as one layer that every other image shares
  exists localhost/gungnir-e2e/debian:$suite && return
  echo "image: Debian $suite"
  quietly debootstrap --variant=minbase --include=ca-certificates $suite "$work/tree" "$mirror"
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/*
  # An index that a mirror in between re-signs needs the certificates of the machine that builds.
  cp -r /etc/ssl/certs "$work/tree/etc/ssl/"
  local container
  container=$(buildah from scratch)
  quietly buildah copy "$container" "$work/tree" /
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$container"
  quietly buildah commit --rm "$container" localhost/gungnir-e2e/debian:$suite
}

with_packages() { # NAME SUITES PACKAGES... -- BUILDAH CONFIG OPTIONS...
  local name=$1 suites=$2 packages=() lines="" each container
  shift 2
  while [[ $1 != -- ]]; do packages+=("$1"); shift; done
  shift
  exists "$name" && return
  echo "image: $name"
  base
  for each in $suites; do lines+="deb $mirror $each main\n"; done
  container=$(buildah from localhost/gungnir-e2e/debian:$suite)
  if ((${#packages[@]})); then
    quietly buildah run --network host "$container" -- sh -ec "
      printf '$lines' > /etc/apt/sources.list
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -t ${suites##* } ${packages[*]}
      rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb"
  fi
  buildah config "$@" "$container"
  quietly buildah commit --rm "$container" "$name"
}

save() { # NAME FILE
  [[ -s $out/$2.tar ]] || buildah push --quiet "$1" "docker-archive:$out/$2.tar.new:$1"
  if [[ -e $out/$2.tar.new ]]; then mv "$out/$2.tar.new" "$out/$2.tar"; fi
}

# The sandbox of a pod only has to exist; it shares no process namespace, so there is nothing to reap.
with_packages localhost/gungnir-e2e/pause:1 $suite -- --entrypoint '["/bin/sleep", "infinity"]'
with_packages docker.io/library/python:3.11-slim $suite python3 python3-venv python3-pip -- --cmd python3
with_packages docker.io/valkey/valkey:8.1.8 "$suite $suite-backports" valkey-server valkey-tools -- \
  --user 999:999 --workingdir /data --cmd valkey-server
save localhost/gungnir-e2e/pause:1 pause
save docker.io/valkey/valkey:8.1.8 valkey
