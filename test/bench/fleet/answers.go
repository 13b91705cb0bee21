package fleet

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"text/template"
)

// Recorded answers of Flink 2.3.0, as templates of a state.
//
//go:embed answers
var recorded embed.FS

// The recorded job's vertices.
const (
	sourceVertex = "c3919b0b80c770dcaba928458d2e49b0"
	workVertex   = "674df9b0384c0348e0b9d1034a44c46c"
)

// answer is the body for a request; an error is Flink's 404.
type answer func(s state, r *http.Request) ([]byte, error)

// answers are all that a JobManager says.
type answers struct {
	texts *template.Template
	known map[string]map[string]bool // metric names, in which the topic is a word of its own: by file
}

func readAnswers() (*answers, error) {
	texts, err := template.ParseFS(recorded, "answers/*.json")
	if err != nil {
		return nil, err
	}
	a := &answers{texts: texts, known: map[string]map[string]bool{}}
	for _, file := range []string{namesOfSource, namesOfWork, namesOfTaskManagers} {
		body, err := a.render(file, state{Topic: anyTopic})
		if err != nil {
			return nil, err
		}
		var names []struct{ ID string }
		if err := json.Unmarshal(body, &names); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		a.known[file] = map[string]bool{}
		for _, name := range names {
			a.known[file][name.ID] = true
		}
	}
	return a, nil
}

func (a *answers) render(file string, s state) ([]byte, error) {
	var body bytes.Buffer
	if err := a.texts.ExecuteTemplate(&body, file, s); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

// routes are the paths that the adapter may ask for. A session cluster's would be more; so would another version's.
func (a *answers) routes() map[string]answer {
	whole := func(file string) answer {
		return func(s state, _ *http.Request) ([]byte, error) { return a.render(file, s) }
	}
	of := func(byJob answer) answer {
		return func(s state, r *http.Request) ([]byte, error) {
			if job := r.PathValue("job"); job != s.Job {
				return nil, fmt.Errorf("no job %s", job)
			}
			return byJob(s, r)
		}
	}
	byVertex := func(source, work answer) answer {
		return of(func(s state, r *http.Request) ([]byte, error) {
			switch vertex := r.PathValue("vertex"); vertex {
			case sourceVertex:
				return source(s, r)
			case workVertex:
				return work(s, r)
			default:
				return nil, fmt.Errorf("no vertex %s", vertex)
			}
		})
	}
	return map[string]answer{
		"/overview":                                      whole("overview.json"),
		"/jobmanager/config":                             whole("jobmanager_config.json"),
		"/taskmanagers":                                  whole("taskmanagers.json"),
		"/taskmanagers/{id}":                             whole("taskmanager.json"),
		"/taskmanagers/{id}/metrics":                     a.metricsOfOne(namesOfTaskManagers, taskManagerValues),
		"/taskmanagers/metrics":                          a.metrics(namesOfTaskManagers, taskManagerValues),
		"/jobs/overview":                                 whole("jobs_overview.json"),
		"/jobs/{job}":                                    of(whole("job.json")),
		"/jobs/{job}/checkpoints":                        of(whole("checkpoints.json")),
		"/jobs/{job}/checkpoints/config":                 of(whole("checkpoints_config.json")),
		"/jobs/{job}/vertices/{vertex}":                  byVertex(whole("vertex_source.json"), whole("vertex_work.json")),
		"/jobs/{job}/vertices/{vertex}/subtasks/metrics": byVertex(a.metrics(namesOfSource, sourceValues), a.metrics(namesOfWork, workValues)),
	}
}
