#!/bin/sh
# Makes the certificates of both sides and puts them into their namespaces: the Secret flink-hpa-keda for the adapter, flink-hpa-client for
# KEDA. The CA signs these two and nothing else: its key is not kept, so nobody can make another client. Run it again to renew them:
# for a minute, until both sides have read their new files, HPAs may get an error and keep their replicas.
#   certificates.sh [NAMESPACE of KEDA] [DAYS]
set -eu
keda=${1:-keda} days=${2:-730}
adapter=flink-hpa host=flink-hpa-keda

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj "/CN=flink-hpa and KEDA" \
	-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.crt 2>/dev/null

# issue NAME EXTENSIONS
issue() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	printf '%s\n' "$2" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
issue server "extendedKeyUsage=serverAuth
subjectAltName=DNS:$host.$adapter.svc,DNS:$host.$adapter.svc.cluster.local"
issue client "extendedKeyUsage=clientAuth"

# put NAMESPACE NAME OF
put() {
	kubectl create secret generic "$2" -n "$1" --dry-run=client -o yaml \
		--from-file=ca.crt=ca.crt --from-file=tls.crt="$3.crt" --from-file=tls.key="$3.key" | kubectl apply -f -
}
put "$adapter" flink-hpa-keda server
put "$keda" flink-hpa-client client
