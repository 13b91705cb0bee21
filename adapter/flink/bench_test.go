package flink

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
)

// BenchmarkPoll is a round of 1,000 jobs, with what their one JobManager does for it: at a round each 5 s it has that long on
// one core. The JobManager has an address for each job, so that connections are kept as they are.
func BenchmarkPoll(b *testing.B) {
	const jobs = 1000
	for _, question := range []struct {
		name  string
		needs Needs
	}{{"busy", NeedNothing}, {"desired", needDesired}} {
		b.Run(fmt.Sprintf("jobs=%d/%s", jobs, question.name), func(b *testing.B) {
			bed := newBed(b)
			server := &http.Server{Handler: bed.stub("orders")}
			b.Cleanup(func() { _ = server.Close() })
			pods, keys := map[Cluster][]JobManager{}, make([]Key, jobs)
			for i := range keys {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				go func() { _ = server.Serve(listener) }()
				cluster := Cluster{Namespace: "shop", Kind: "Job", Name: strconv.Itoa(i)}
				pods[cluster] = []JobManager{{Namespace: "shop", Pod: cluster.Name, Address: listener.Addr().String()}}
				keys[i] = Key{Cluster: cluster, Needs: question.needs}
			}
			bed.opts.JobManagers = func(c Cluster) []JobManager { return pods[c] }
			for _, job := range bed.ready(keys...) {
				if question.needs == needDesired && job.Desired.Err != nil || job.Busy.Err != nil {
					b.Fatal(job.Busy.Err, job.Desired.Err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				bed.rounds(1, keys...)
			}
		})
	}
}
