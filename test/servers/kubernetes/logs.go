package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// logs answers GET /containerLogs/NAMESPACE/POD/CONTAINER, which kube-apiserver asks for `kubectl logs`.
func (k *kubelet) logs(response http.ResponseWriter, request *http.Request) {
	path := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	if len(path) != 4 || path[0] != "containerLogs" {
		http.NotFound(response, request)
		return
	}
	pod, err := k.api.CoreV1().Pods(path[1]).Get(request.Context(), path[2], meta.GetOptions{})
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	query := request.URL.Query()
	if refusal := refuseLogs(pod, path[3], query.Get("previous") == "true"); refusal != "" {
		http.Error(response, refusal, http.StatusBadRequest)
		return
	}
	lines := logLines(pod, path[3])
	if tail, err := strconv.Atoi(query.Get("tailLines")); err == nil && tail < len(lines) {
		lines = lines[len(lines)-tail:]
	}
	for _, line := range lines {
		if query.Get("timestamps") == "true" {
			line = time.Now().UTC().Format(time.RFC3339Nano) + " " + line
		}
		fmt.Fprintln(response, line)
	}
	if flusher, ok := response.(http.Flusher); ok && query.Get("follow") == "true" {
		flusher.Flush()
		<-request.Context().Done()
	}
}

// refuseLogs says, in a kubelet's words, why there is no log; "" when there is one.
func refuseLogs(pod *core.Pod, container string, previous bool) string {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name != container || status.LastTerminationState.Terminated != nil {
			continue
		}
		if previous {
			return fmt.Sprintf("previous terminated container %q in pod %q not found", container, pod.Name)
		}
		if waiting := status.State.Waiting; waiting != nil {
			reason := waiting.Reason
			switch reason {
			case "ErrImagePull":
				reason = "image can't be pulled"
			case "ImagePullBackOff":
				reason = "trying and failing to pull image"
			}
			return fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, reason)
		}
	}
	return ""
}

func logLines(pod *core.Pod, container string) []string {
	if text := pod.Annotations[logAnnotation]; text != "" {
		return strings.Split(strings.TrimRight(text, "\n"), "\n")
	}
	lines := []string{fmt.Sprintf("%s/%s: started in mode %s", pod.Name, container, mode(pod))}
	if mode := mode(pod); mode == crashLoop || mode == exit {
		lines = append(lines, "fatal: cannot open configuration: exit status 1")
	}
	return lines
}
