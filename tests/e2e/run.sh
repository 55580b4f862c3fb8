#!/usr/bin/env bash
# The end-to-end suite on a cluster of its own: builds what is missing, starts the cluster, runs the tests, ends the cluster.
#   run.sh [PYTEST OPTIONS...]
#   run.sh bench [OPTIONS...]     the same cluster, and `python -m bench.e2e` instead of the tests
# NODES=1 makes a smaller cluster. KEEP=1 leaves the cluster up for a look around (then: cluster/cluster.sh down).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gungnir
export KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$cache/kube-assets}
export GUNGNIR_E2E_IMAGES=${GUNGNIR_E2E_IMAGES:-$cache/e2e-images}
export GUNGNIR_E2E_DIR=${GUNGNIR_E2E_DIR:-/run/gungnir-e2e}
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
image=docker.io/library/gungnir:0.1.0 next=docker.io/library/gungnir:next

if [[ ${1:-} == bench ]]; then
  shift
  what=measurements command=(-m bench.e2e --commit "$(git -C "$root" rev-parse --short=12 HEAD 2> /dev/null || echo unknown)")
else
  what=tests command=(-m pytest "$here" -m e2e -v)
fi

step() { printf '\n==> %s (%d s)\n' "$1" "$SECONDS"; }

step "Kubernetes programs in $KUBEBUILDER_ASSETS: 20 min the first time"
"$root/tests/kube/assets/build.sh" node "$KUBEBUILDER_ASSETS"
step "base images in $GUNGNIR_E2E_IMAGES: 3 min the first time"
"$here/cluster/images.sh" "$GUNGNIR_E2E_IMAGES"
step "the operator's image from this tree"
make -C "$root" image ENGINE=buildah BASE_IMAGE=docker.io/library/python:3.11-slim IMAGE=$image ARGS="--network host --layers"
work=$(mktemp -d)
buildah bud --layers --build-arg IMAGE=$image --tag $next --file "$here/next.Dockerfile" "$here"
buildah push --quiet $image "docker-archive:$work/gungnir.tar:$image"
buildah push --quiet $next "docker-archive:$work/next.tar:$next"

finish() {
  rm -rf "$work"
  if [[ ${KEEP:-} ]]; then echo "The cluster is up: $here/cluster/cluster.sh"; else "$here/cluster/cluster.sh" down; fi
}
trap finish EXIT
step "a cluster of ${NODES:-3} nodes"
"$here/cluster/cluster.sh" up "${NODES:-3}"
"$here/cluster/cluster.sh" load "$work/gungnir.tar" "$work/next.tar"
step "$what"
# From the control plane's network: it reaches pods and Services, and stays when a node is cut off.
GUNGNIR_REQUIRE_KUBE=1 GUNGNIR_E2E_KUBECONFIG=$GUNGNIR_E2E_DIR/admin.kubeconfig GUNGNIR_E2E_IMAGE=$image \
  GUNGNIR_E2E_NEXT_IMAGE=$next \
  "$here/cluster/cluster.sh" exec 0 env --chdir="$root" "$root/.venv/bin/python" "${command[@]}" "$@"
