package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// etcd is where the API server of a bed keeps its objects. It takes thousands of pods in seconds that would take the API server
// minutes, which then serves them all the same.
type etcd struct{ url string }

// etcdOf is that of the bed with such a client configuration: on the API server's address.
func etcdOf(client *rest.Config) (etcd, error) {
	server, err := url.Parse(client.Host)
	if err != nil {
		return etcd{}, err
	}
	return etcd{"http://" + net.JoinHostPort(server.Hostname(), "2379")}, nil
}

// etcdPuts is how many objects are written at once; etcd takes 128.
const etcdPuts = 100

// keyValue is a Put of etcd's JSON API, which has bytes as base64.
type keyValue struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// stored is a pod as the API server stores it.
func stored(pod *corev1.Pod) (keyValue, error) {
	pod = pod.DeepCopy()
	pod.ResourceVersion = "" // etcd's own revision
	pod.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	value, err := runtime.Encode(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), pod)
	return keyValue{[]byte("/registry/pods/" + pod.Namespace + "/" + pod.Name), value}, err
}

// put writes objects, all of them or none.
func (e etcd) put(ctx context.Context, objects []keyValue) error {
	type operation struct {
		Put keyValue `json:"requestPut"`
	}
	var transaction struct {
		Success []operation `json:"success"`
	}
	for _, object := range objects {
		transaction.Success = append(transaction.Success, operation{object})
	}
	body, err := json.Marshal(transaction)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url+"/v3/kv/txn", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("etcd: %s: %s", response.Status, answer)
	}
	return err
}
