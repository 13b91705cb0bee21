package bench

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

func TestPodsOfJobManagers(t *testing.T) {
	model := &corev1.Pod{}
	model.Namespace, model.Name, model.UID, model.ResourceVersion = jobNamespace(0), jobName(0), "0", "17"
	model.Labels = map[string]string{"component": "jobmanager", "job": jobName(0)}
	p := jobPods{model: model}
	pod := p.pod(2001)
	if pod.Namespace != "jobs-02" || pod.Name != "job-02001" || pod.UID == "0" || pod.Labels["job"] != "job-02001" || pod.Labels["component"] != "jobmanager" ||
		pod.Status.PodIP != "127.250.8.2" || model.Labels["job"] != jobName(0) {
		t.Errorf("pod %+v", pod)
	}
	object, err := stored(pod)
	if err != nil {
		t.Fatal(err)
	}
	read, err := runtime.Decode(scheme.Codecs.UniversalDeserializer(), object.Value)
	if err != nil {
		t.Fatal(err)
	}
	if back, ok := read.(*corev1.Pod); !ok || back.Name != pod.Name || back.ResourceVersion != "" || string(object.Key) != "/registry/pods/jobs-02/job-02001" {
		t.Errorf("%s holds %+v", object.Key, read)
	}
}

func TestPutIntoEtcd(t *testing.T) {
	status := http.StatusOK
	var got struct {
		Success []struct{ RequestPut keyValue }
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.URL.Path != "/v3/kv/txn" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	store := etcd{server.URL}
	if err := store.put(t.Context(), []keyValue{{[]byte("k"), []byte{0, 255}}}); err != nil {
		t.Error(err)
	}
	if len(got.Success) != 1 || string(got.Success[0].RequestPut.Key) != "k" || string(got.Success[0].RequestPut.Value) != "\x00\xff" {
		t.Errorf("put %+v", got)
	}
	status = http.StatusBadRequest
	if err := store.put(t.Context(), nil); err == nil {
		t.Error("what etcd refuses is no error")
	}
	if of, err := etcdOf(&rest.Config{Host: "https://127.16.0.1:6443"}); err != nil || of.url != "http://127.16.0.1:2379" {
		t.Errorf("etcd is at %s, %v", of.url, err)
	}
}
