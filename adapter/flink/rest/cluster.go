package rest

import (
	"context"
	"encoding/hex"
	"fmt"
)

// Overview is what the JobManager says of its cluster.
type Overview struct {
	TaskManagers int    // registered ones
	SlotsTotal   int    // of all of them, used or free
	Version      string // Flink's: "1.20.5"
}

// Overview is GET /overview.
func (c *Client) Overview(ctx context.Context, to Target) (Overview, error) {
	return get(ctx, c, to, RequestOverview, "/overview", "", overviewAnswer.overview)
}

type overviewAnswer struct {
	TaskManagers *int   `json:"taskmanagers"`
	SlotsTotal   *int   `json:"slots-total"`
	Version      string `json:"flink-version"`
}

func (a overviewAnswer) overview() (Overview, error) {
	switch {
	case a.TaskManagers == nil:
		return Overview{}, lacking("taskmanagers")
	case a.SlotsTotal == nil:
		return Overview{}, lacking("slots-total")
	}
	return Overview{TaskManagers: *a.TaskManagers, SlotsTotal: *a.SlotsTotal, Version: a.Version}, nil
}

// JobSummary is a job in the list of a cluster's jobs. It is fresh, while what Job reads comes from a cache of 3 s.
type JobSummary struct {
	ID               string         `json:"jid"` // 32 hexadecimal digits
	State            string         `json:"state"`
	LastModification int64          `json:"last-modification"` // of the job's state or any subtask's
	Tasks            map[string]int `json:"tasks"`             // state in lower case -> subtasks in it; and "total"
}

// Jobs is GET /jobs/overview: all jobs, also those that have ended.
func (c *Client) Jobs(ctx context.Context, to Target) ([]JobSummary, error) {
	return get(ctx, c, to, RequestJobs, "/jobs/overview", "", jobsAnswer.jobs)
}

type jobsAnswer struct {
	Jobs *[]JobSummary `json:"jobs"`
}

func (a jobsAnswer) jobs() ([]JobSummary, error) {
	if a.Jobs == nil {
		return nil, lacking("jobs")
	}
	for _, job := range *a.Jobs {
		if !isID(job.ID) {
			return nil, fmt.Errorf("%w: a job's jid is not 32 hexadecimal digits", errAnswer)
		}
	}
	return *a.Jobs, nil
}

// isID tells whether it is a job's or a vertex's id. Ids go into paths and into messages.
func isID(id string) bool {
	bytes, err := hex.DecodeString(id)
	return err == nil && len(bytes) == 16
}

// Config is GET /jobmanager/config: the options that the JobManager was started with, by key. Secrets are hidden in it.
func (c *Client) Config(ctx context.Context, to Target) (map[string]string, error) {
	return get(ctx, c, to, RequestConfig, "/jobmanager/config", "", configAnswer.options)
}

type configAnswer []struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (a configAnswer) options() (map[string]string, error) {
	options := make(map[string]string, len(a))
	for _, option := range a {
		options[option.Key] = option.Value
	}
	return options, nil
}
