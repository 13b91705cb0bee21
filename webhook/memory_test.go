package webhook

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const sized = "taskmanager.memory.process.size=1100m"

func TestATaskManagerThatAsksForItGetsTheMemoryThatIsAdvised(t *testing.T) {
	for _, c := range []struct {
		name, properties string
		words            []string
		change           func(*corev1.Pod, *Facts)
		want             bool
		warning          string
	}{
		{"one that says nothing of its memory", "", []string{"taskmanager"}, nil, true, ""},
		{"one that says how much in FLINK_PROPERTIES", "taskmanager.memory.process.size: 2g", []string{"taskmanager"}, nil, true, ""},
		{"one that sets parts of it", "taskmanager.memory.managed.size: 0m", []string{"taskmanager"}, nil, true, ""},
		{"one that doesn't ask", "", []string{"taskmanager"}, func(p *corev1.Pod, _ *Facts) { delete(p.Labels, LabelMemory) }, false, ""},
		{"one that has an opinion", "", []string{"taskmanager"}, func(p *corev1.Pod, _ *Facts) { p.Labels[LabelMemory] = "disabled" }, false, ""},
		{"a JobManager", "", []string{"standalone-job"}, nil, false, "no checkpoint directory"},
		{"nothing is advised yet", "", []string{"taskmanager"}, func(_ *corev1.Pod, f *Facts) { f.Advice = Advice{} }, false, ""},
		{"the advice can't be read", "", []string{"taskmanager"}, func(_ *corev1.Pod, f *Facts) { f.Advice = Advice{Err: errors.New("no answer")} }, false,
			"label flink-hpa.dev/memory is ignored: the MemoryAdvice can't be read: no answer"},
		{"its arguments, which would win", "", []string{"taskmanager", "-Dtaskmanager.memory.process.size=3g"}, nil, false, "the pod's arguments set taskmanager.memory.process.size, which wins"},
		{"memory without that of the process", "taskmanager.memory.flink.size: 1g", []string{"taskmanager"}, nil, false, "the pod sets taskmanager.memory.flink.size. Set taskmanager.memory.process.size in its place"},
		{"a heap of its own", "", []string{"taskmanager", "-Dtaskmanager.memory.task.heap.size=1g"}, nil, false, "the pod sets taskmanager.memory.task.heap.size."},
		{"Flink's operator's", "", []string{"taskmanager"}, func(p *corev1.Pod, _ *Facts) { p.Labels[labelType] = typeOperator }, false, "Set its memory in the FlinkDeployment"},
		{"settings that can't be seen", "", []string{"taskmanager"}, func(p *corev1.Pod, f *Facts) {
			p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "hidden"}}}}
		}, false, "ConfigMap hidden can't be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod, facts := flinkPod(c.properties, c.words...), builtIn()
			pod.Labels, facts.Advice = map[string]string{LabelMemory: "enabled"}, Advice{Process: 1100 << 20}
			if c.change != nil {
				c.change(pod, &facts)
			}
			changed, report := Mutate(pod, facts)
			if slices.Contains(report.Injected, sized) != c.want || strings.Contains(changed.Annotations[AnnotationInjected], sized) != c.want ||
				slices.Contains(changed.Spec.Containers[0].Args, sized) != c.want {
				t.Errorf("injected %v, args %v, want %v", report.Injected, changed.Spec.Containers[0].Args, c.want)
			}
			if warning := strings.Join(report.Warnings, "\n"); (warning == "") != (c.warning == "") || !strings.Contains(warning, c.warning) {
				t.Errorf("warnings %q, want %q", warning, c.warning)
			}
			facts.Advice.Process *= 2 // which another pass over the same pod may read
			if again, report := Mutate(changed, facts); again != changed && c.want {
				t.Errorf("a second pass injects %v", report.Injected)
			}
		})
	}
}

func TestTheContainersMemoryFollowsThatOfTheProcess(t *testing.T) {
	for _, c := range []struct{ name, properties, before, want string }{
		{"what is beside the process stays in proportion", "taskmanager.memory.process.size: 2200m", "2400Mi", "1200Mi"},
		{"that of the image where nothing else is said", "", "1728Mi", "1100Mi"},
		{"it is rounded up", "taskmanager.memory.process.size: 1g", "1G", "1025Mi"},
		{"more than before", "taskmanager.memory.process.size: 550m", "600Mi", "1200Mi"},
		{"a size that Flink doesn't understand changes nothing", "taskmanager.memory.process.size: much", "2Gi", "2Gi"},
		{"nor does one of none", "taskmanager.memory.process.size: 0", "2Gi", "2Gi"},
		{"one beyond reason stays", "taskmanager.memory.process.size: 1", "8Ei", "8Ei"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod, facts := flinkPod(c.properties, "taskmanager"), builtIn()
			pod.Labels, facts.Advice = map[string]string{LabelMemory: "enabled"}, Advice{Process: 1100 << 20}
			memory := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(c.before), corev1.ResourceCPU: resource.MustParse("2")}
			pod.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: memory, Limits: memory}
			changed, _ := Mutate(pod, facts)
			for what, list := range map[string]corev1.ResourceList{"request": changed.Spec.Containers[0].Resources.Requests, "limit": changed.Spec.Containers[0].Resources.Limits} {
				if list.Memory().Cmp(resource.MustParse(c.want)) != 0 || list.Cpu().String() != "2" {
					t.Errorf("the %s is %v, want %s", what, list, c.want)
				}
			}
		})
	}
	t.Run("a container without stays without", func(t *testing.T) {
		pod, facts := flinkPod("", "taskmanager"), builtIn()
		pod.Labels, facts.Advice = map[string]string{LabelMemory: "enabled"}, Advice{Process: 1100 << 20}
		if changed, _ := Mutate(pod, facts); len(changed.Spec.Containers[0].Resources.Requests) > 0 {
			t.Errorf("it has %v", changed.Spec.Containers[0].Resources)
		}
	})
}
