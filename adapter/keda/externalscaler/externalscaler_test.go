package externalscaler

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// wire is what KEDA 2.21 has in its externalscaler.proto, without the words.
func wire() []string {
	return []string{
		"rpc IsActive(ScaledObjectRef) IsActiveResponse",
		"rpc StreamIsActive(ScaledObjectRef) stream IsActiveResponse",
		"rpc GetMetricSpec(ScaledObjectRef) GetMetricSpecResponse",
		"rpc GetMetrics(GetMetricsRequest) GetMetricsResponse",
		"rpc StreamMetricSpec(ScaledObjectRef) stream GetMetricSpecResponse",
		"string name = 1", "string namespace = 2", "map<string, string> scalerMetadata = 3",
		"bool result = 1",
		"repeated MetricSpec metricSpecs = 1",
		"string metricName = 1", "int64 targetSize = 2", "double targetSizeFloat = 3",
		"ScaledObjectRef scaledObjectRef = 1", "string metricName = 2",
		"repeated MetricValue metricValues = 1",
		"string metricName = 1", "int64 metricValue = 2", "double metricValueFloat = 3",
	}
}

func TestTheGeneratedCodeIsKEDAsProtocol(t *testing.T) {
	file := File_adapter_keda_externalscaler_externalscaler_proto
	service := file.Services().Get(0)
	if service.FullName() != "externalscaler.ExternalScaler" {
		t.Errorf("the service is %s", service.FullName())
	}
	var got []string
	for i := range service.Methods().Len() {
		m := service.Methods().Get(i)
		stream := ""
		if m.IsStreamingServer() {
			stream = "stream "
		}
		got = append(got, fmt.Sprintf("rpc %s(%s) %s%s", m.Name(), m.Input().Name(), stream, m.Output().Name()))
	}
	for i := range file.Messages().Len() {
		fields := file.Messages().Get(i).Fields()
		for j := range fields.Len() {
			got = append(got, fmt.Sprintf("%s %s = %d", kind(fields.Get(j)), fields.Get(j).Name(), fields.Get(j).Number()))
		}
	}
	if !slices.Equal(got, wire()) {
		t.Errorf("got %q", got)
	}
}

func kind(field protoreflect.FieldDescriptor) string {
	name := field.Kind().String()
	if field.Message() != nil {
		name = string(field.Message().Name())
	}
	switch {
	case field.IsMap():
		return fmt.Sprintf("map<%s, %s>", kind(field.MapKey()), kind(field.MapValue()))
	case field.IsList():
		return "repeated " + name
	}
	return name
}

// Whoever changes the file and doesn't run make update finds out here.
func TestTheFileIsKEDAsProtocol(t *testing.T) {
	source, err := os.ReadFile("externalscaler.proto")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^ +(?:(rpc \w+\(\w+\)) returns \((.*)\) \{\}|([^/=\n]+ = \d+);)$`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != "" {
			got = append(got, m[1]+" "+m[2])
		} else {
			got = append(got, m[3])
		}
	}
	if !slices.Equal(got, wire()) {
		t.Errorf("got %q", got)
	}
}
