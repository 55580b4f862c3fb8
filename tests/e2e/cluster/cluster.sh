#!/usr/bin/env bash
# A whole Kubernetes on this machine: one control plane and N nodes, each in a network namespace of its own.
#   cluster.sh up [NODES]         etcd, API server, controllers, scheduler; per node containerd, kubelet, kube-proxy (iptables), pod network
#   cluster.sh down               ends everything that `up` and the pods started, and removes their files
#   cluster.sh load FILE.tar...   imports container images into every node
#   cluster.sh cut|heal N         takes node N off the network, and back
#   cluster.sh kubelet-stop|kubelet-start N
#   cluster.sh api-stop|api-start
#   cluster.sh ctr N ARGS...      containerd's own client on node N
#   cluster.sh exec N COMMAND...  a command in the network of node N (0: the control plane, which reaches nodes, pods and Services)
# Nothing leads out of these networks. Needs root, the programs of `make kube-assets ARGS=node`, and images.sh's images.
# There is no DNS server: neither the operator nor its pods look a name up.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=${GUNGNIR_E2E_DIR:-/run/gungnir-e2e}
assets=${KUBEBUILDER_ASSETS:-${XDG_CACHE_HOME:-$HOME/.cache}/gungnir/kube-assets}
images=${GUNGNIR_E2E_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/gungnir/e2e-images}
domain=${GUNGNIR_E2E_DOMAIN:-cluster.local}
volumes=${GUNGNIR_E2E_VOLUMES:-120} # of all nodes together: a suite uses some 60, and none twice
proxy_sync=${GUNGNIR_E2E_PROXY_SYNC:-1s} # Kubernetes' own default: how long kube-proxy waits from one change of its rules to the next
memory_kb=$((6 << 20))
# Reserved for benchmarks of networks (RFC 2544): no address of a real network is shadowed.
control=198.18.0.1 services=198.18.64.0/20
export PATH=$assets:$PATH

space() { if [[ $1 == 0 ]]; then echo ge-control; else echo "ge-node$1"; fi; }
address() { echo "198.18.0.$((10 + $1))"; }
within() { local where=$1; shift; nsenter --net="/run/netns/$(space "$where")" "$@"; }
kubectl_() { within 0 kubectl --kubeconfig "$run/admin.kubeconfig" "$@"; }

start() { # NAME NODE COMMAND...: leaves NAME.pid and NAME.log
  local name=$1 where=$2
  shift 2
  nsenter --net="/run/netns/$(space "$where")" setsid "$@" >> "$run/$name.log" 2>&1 < /dev/null &
  echo $! > "$run/$name.pid"
}

# One that has ended may wait for long until its parent, which is not us, takes note of it.
runs() { [[ -e /proc/$1 ]] && ! grep -qs '^State:.Z' "/proc/$1/status"; }

stop() { # NAME: SIGTERM, then SIGKILL after 5 s; returns when the process is gone
  local pid
  pid=$(cat "$run/$1.pid" 2> /dev/null) || return 0
  rm -f "$run/$1.pid"
  kill "$pid" 2> /dev/null || return 0
  for _ in $(seq 50); do runs "$pid" || return 0; sleep 0.1; done
  kill -9 "$pid" 2> /dev/null || true
}

end() { # NAME: at once
  local pid
  pid=$(cat "$run/$1.pid" 2> /dev/null) || return 0
  rm -f "$run/$1.pid"
  kill -9 "$pid" 2> /dev/null || return 0
  while runs "$pid"; do sleep 0.02; done
}

until_done() { # WHAT COMMAND...
  local what=$1
  shift
  for _ in $(seq 600); do "$@" > /dev/null 2>&1 && return 0; sleep 0.2; done
  echo "waited two minutes for $what; the logs are $run/*.log" >&2
  return 1
}

kubeconfig() { # FILE TOKEN
  cat > "$1" << END
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://$control:6443", insecure-skip-tls-verify: true}}]
users: [{name: user, user: {token: $2}}]
contexts: [{name: e2e, context: {cluster: e2e, user: user}}]
current-context: e2e
END
}

join() { # NODE: its network, on the bridge of the control plane
  local name
  name=$(space "$1")
  ip netns add "$name"
  ip link add uplink netns "$name" type veth peer name "$name" netns ge-control
  within 0 ip link set "$name" master nodes up
  within "$1" ip link set lo up
  within "$1" ip addr add "$(address "$1")/24" dev uplink
  within "$1" ip link set uplink up
  within "$1" ip route add default via $control
  within "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
}

api_start() {
  start apiserver 0 kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --bind-address=0.0.0.0 \
    --advertise-address=$control --cert-dir="$run/certificates" --token-auth-file="$run/tokens.csv" \
    --service-account-key-file="$run/accounts.pub" --service-account-signing-key-file="$run/accounts.key" \
    --service-account-issuer="https://kubernetes.default.svc.$domain" --service-cluster-ip-range=$services \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --kubelet-preferred-address-types=InternalIP --audit-policy-file="$here/audit.yaml" --audit-log-path="$run/audit.log"
  until_done "the API server" kubectl_ get --raw /readyz
}

control_up() { # NODES
  ip netns add ge-control
  within 0 ip link set lo up
  within 0 ip link add nodes type bridge
  within 0 ip addr add $control/24 dev nodes
  within 0 ip link set nodes up
  # Any route will do: kube-proxy's rules give a Service's address another target, but only after there is one.
  within 0 ip route add $services dev nodes
  within 0 sysctl -qw net.ipv4.ip_forward=1
  openssl genrsa -out "$run/accounts.key" 2048 2> /dev/null
  openssl rsa -in "$run/accounts.key" -pubout -out "$run/accounts.pub" 2> /dev/null
  {
    echo "admin,admin,admin,system:masters"
    for user in kube-controller-manager kube-scheduler kube-proxy; do echo "$user,system:$user,$user"; done
    for i in $(seq "$1"); do echo "node$i,system:node:node$i,node$i,system:nodes"; done
  } > "$run/tokens.csv"
  for user in admin kube-controller-manager kube-scheduler kube-proxy; do kubeconfig "$run/$user.kubeconfig" $user; done
  : > "$run/resolv.conf"
  start etcd 0 etcd --data-dir "$run/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync --log-level error
  api_start
  kubectl_ apply -f "$here/base.yaml" > /dev/null
  # No pod runs here, but clients do: the tests write through Services from here, wherever a node is cut off.
  proxy_start 0 control $control
  local config
  config=$run/kube-controller-manager.kubeconfig
  start controllers 0 kube-controller-manager --kubeconfig "$config" --authentication-kubeconfig "$config" \
    --authorization-kubeconfig "$config" --use-service-account-credentials --leader-elect=false \
    --service-account-private-key-file "$run/accounts.key" --root-ca-file "$run/certificates/apiserver.crt" --cert-dir "$run/controllers"
  config=$run/kube-scheduler.kubeconfig
  start scheduler 0 kube-scheduler --kubeconfig "$config" --authentication-kubeconfig "$config" \
    --authorization-kubeconfig "$config" --leader-elect=false --cert-dir "$run/scheduler"
}

proxy_start() { # NODE NAME ADDRESS
  start "proxy$1" "$1" kube-proxy --kubeconfig "$run/kube-proxy.kubeconfig" --hostname-override "$2" --bind-address "$3" \
    --proxy-mode iptables --iptables-min-sync-period "$proxy_sync" --cluster-cidr 198.19.0.0/16 --healthz-bind-address 127.0.0.1:10256 \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
}

kubelet_start() { # NODE
  start "kubelet$1" "$1" kubelet --config "$run/node$1/kubelet.yaml" --kubeconfig "$run/node$1/kubeconfig" --root-dir "$run/node$1/kubelet" \
    --cert-dir "$run/node$1/pki" --hostname-override "node$1" --node-ip "$(address "$1")" --node-labels "topology.kubernetes.io/zone=zone$1"
}

node_up() { # NODE NODES
  local i=$1 j dir=$run/node$1 file
  mkdir -p "$dir/cni"
  join "$i"
  for j in $(seq "$2"); do [[ $j == "$i" ]] || within "$i" ip route add "198.19.$j.0/24" via "$(address "$j")"; done
  within 0 ip route add "198.19.$i.0/24" via "$(address "$i")"
  kubeconfig "$dir/kubeconfig" "node$i"
  for file in cni.conflist containerd.toml kubelet.yaml; do
    sed "s#@DIR@#$dir#g; s#@NODE@#$i#g; s#@RUN@#$run#g; s#@DOMAIN@#$domain#g" "$here/node/$file" > "$dir/$file"
  done
  mv "$dir/cni.conflist" "$dir/cni/10-pods.conflist"
  start "containerd$i" "$i" containerd --config "$dir/containerd.toml"
  until_done "containerd on node $i" ctr_ "$i" version
  for file in "$images"/*.tar; do ctr_ "$i" images import --all-platforms "$file" > /dev/null; done
  # The same server under the tag that a sample names: what is tested here is the operator, not Valkey's releases.
  ctr_ "$i" images tag docker.io/valkey/valkey:8.1.8 docker.io/valkey/valkey:7.2 > /dev/null
  kubelet_start "$i"
  proxy_start "$i" "node$i" "$(address "$i")"
}

ctr_() { local i=$1; shift; ctr --address "$run/node$i/containerd.sock" --namespace k8s.io "$@"; }
node_numbers() { for dir in "$run"/node*/; do [[ -d $dir ]] && basename "$dir" | tr -d a-z; done; }
all_ready() { [[ $(kubectl_ get nodes --no-headers | grep -cw Ready) == "$1" ]]; }

storage_up() { # NODES: folders of the nodes as volumes of the StorageClass
  local i k dir
  for i in $(seq "$1"); do
    for k in $(seq $((volumes / $1))); do
      dir=$run/node$i/volumes/$k
      mkdir -p "$dir"
      chmod 777 "$dir"
      sed "s#@NODE@#node$i#g; s#@NUMBER@#$k#g; s#@FOLDER@#$dir#g" "$here/volume.yaml"
    done
  done | kubectl_ apply -f - > /dev/null
}

up() { # NODES
  [[ $(id -u) == 0 ]] || { echo "cluster.sh needs root: it makes network namespaces." >&2; exit 1; }
  [[ ! -e $run ]] || { echo "$run exists: a cluster is up, or was not ended; run cluster.sh down first." >&2; exit 1; }
  local program i
  for program in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do
    command -v $program > /dev/null || { echo "$program is not in $assets: run make kube-assets ARGS=node" >&2; exit 1; }
  done
  for program in containerd containerd-shim-runc-v2 ctr runc iptables conntrack ip nsenter openssl /usr/lib/cni/bridge; do
    command -v $program > /dev/null || { echo "$program is missing (Debian: containerd runc containernetworking-plugins iptables conntrack iproute2)" >&2; exit 1; }
  done
  mkdir -p "$run"
  # Images, volumes and etcd are in memory where there is plenty: a busy disk takes minutes to forget so many files.
  if (($(awk '/^MemAvailable/{print $2}' /proc/meminfo) > 2 * memory_kb)); then mount -t tmpfs -o "size=${memory_kb}k" gungnir-e2e "$run"; fi
  control_up "$1"
  for i in $(seq "$1"); do node_up "$i" "$1"; done
  until_done "$1 nodes to be Ready" all_ready "$1"
  storage_up "$1"
  kubectl_ get nodes -o wide
  echo "kubectl: $here/cluster.sh exec 1 kubectl --kubeconfig $run/admin.kubeconfig"
}

down() {
  local pid name pids=() left
  # Nothing of it is needed any more, so nobody is asked to end: first what would start pods again, then the pods' processes, then the rest.
  for name in controllers scheduler $(node_numbers | sed s/^/kubelet/); do end "$name"; done
  for pid in $(pgrep -f -- "containerd-shim-runc-v2 .*-address $run/node[0-9]+/containerd.sock"); do pids+=($(pgrep -P "$pid") "$pid"); done
  ((${#pids[@]} == 0)) || kill -9 "${pids[@]}" 2> /dev/null || true
  for name in "$run"/*.pid; do if [[ -e $name ]]; then end "$(basename "$name" .pid)"; fi; done
  for _ in $(seq 100); do
    left=$(awk -v run="$run/" 'index($2, run) == 1 {print $2}' /proc/mounts | sort -r)
    [[ $left ]] || break
    while read -r name; do umount -l "$name" 2> /dev/null || true; done <<< "$left"
  done
  for name in $(ip netns list | awk '/^ge-/{print $1}'); do ip netns del "$name"; done
  umount "$run" 2> /dev/null || true
  rm -rf "$run"
}

command=${1:-}
shift || true
case $command in
  up) up "${1:-1}" ;;
  down) down ;;
  load) for i in $(node_numbers); do for file in "$@"; do ctr_ "$i" images import --all-platforms "$file"; done; done ;;
  cut) within 0 ip link set "$(space "$1")" down ;;
  heal) within 0 ip link set "$(space "$1")" up && within "$1" ip route replace default via $control ;;
  kubelet-stop) stop "kubelet$1" ;;
  kubelet-start) kubelet_start "$1" ;;
  api-stop) stop apiserver ;;
  api-start) api_start ;;
  ctr) ctr_ "$@" ;;
  exec) within "$@" ;;
  *) sed -n '3,10p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
