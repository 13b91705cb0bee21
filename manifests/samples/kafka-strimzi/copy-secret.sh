#!/bin/sh
# Brings the adapter what it connects to the cluster with: Strimzi's CA and the KafkaUser's password, from Kafka's namespace into the Secret
# flink-hpa-kafka beside the adapter. No pod can mount a Secret of another namespace, so somebody has to copy them: run this once the
# KafkaUser is ready, and again when Strimzi has renewed its CA (it does so 30 days before the old one ends, once a year) or the password has
# changed; each run brings both up to date. The adapter reads the new files by itself.
#
#   copy-secret.sh [KAFKA_NAMESPACE [CLUSTER [USER [ADAPTER_NAMESPACE]]]]
set -eu
from=${1:-kafka} cluster=${2:-kafka} user=${3:-flink-hpa} to=${4:-flink-hpa}

value() { # of a Secret's key, in base64; none is a mistake
    found=$(kubectl get secret -n "$from" "$1" -o "jsonpath={.data.$2}")
    [ -n "$found" ] || { echo "Secret $from/$1 has no $2" >&2; exit 1; }
    echo "$found"
}
ca=$(value "$cluster-cluster-ca-cert" 'ca\.crt')
password=$(value "$user" password)

# By standard input, so that no process list shows the password; on the server's side, so that no annotation keeps it.
kubectl apply --server-side --field-manager=copy-secret -f - <<EOF
apiVersion: v1
kind: Secret
metadata:
  name: flink-hpa-kafka
  namespace: $to
data:
  ca.crt: $ca
  password: $password
EOF
