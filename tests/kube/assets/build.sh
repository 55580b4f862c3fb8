#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager, kubectl and helm of the versions that the go.mod files beside it pin:
#   build.sh [node] [FOLDER]
# With "node" also what makes it a whole cluster: scheduler, kubelet and kube-proxy (the container runtime is Debian's).
# The folder is what KUBEBUILDER_ASSETS names; a binary of the version that its go.mod pins is kept. Needs Go >= 1.26 (or GOTOOLCHAIN=auto).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=
if [[ ${1:-} == node ]]; then node=yes; shift; fi
out=${1:-${KUBEBUILDER_ASSETS:-${XDG_CACHE_HOME:-$HOME/.cache}/gungnir/kube-assets}}
mkdir -p "$out"

command -v go > /dev/null || { echo "make kube-assets needs go on PATH (https://go.dev/dl); or set KUBEBUILDER_ASSETS to a folder with the binaries." >&2; exit 1; }

version() { (cd "$here/$1" && go list -m -f '{{.Version}}' "$2"); }

# By what the Go tool wrote into it: the times of files say nothing in a fresh checkout.
built() { go version -m "$1" 2> /dev/null | grep -qE "^[[:space:]]+mod[[:space:]]+$2[[:space:]]+$3([[:space:]]|\$)"; }

build() { # MODULE BINARY PACKAGE VERSIONED-MODULE [LDFLAGS]
  local target=$out/$2
  if built "$target" "$4" "$(version "$1" "$4")"; then echo "$2: kept"; return; fi
  echo "$2: building $3"
  (cd "$here/$1" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w ${5:-}" -o "$target.new" "$3")
  mv "$target.new" "$target"
}

kubernetes=$(version kube k8s.io/kubernetes)
minor=${kubernetes#v1.} minor=${minor%%.*}
# What `kubectl version` and /version say; the Go tool alone leaves a placeholder there.
stamp="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$minor"
build kube etcd go.etcd.io/etcd/server/v3 go.etcd.io/etcd/server/v3
for binary in kube-apiserver kube-controller-manager kubectl ${node:+kube-scheduler kubelet kube-proxy}; do
  build kube "$binary" "k8s.io/kubernetes/cmd/$binary" k8s.io/kubernetes "$stamp"
done
build helm helm helm.sh/helm/v3/cmd/helm helm.sh/helm/v3 \
  "-X helm.sh/helm/v3/internal/version.version=$(version helm helm.sh/helm/v3) -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$minor"
echo "$out"
