package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
)

// forward answers /portForward/NAMESPACE/POD, which kube-apiserver asks for `kubectl port-forward`.
func (k *kubelet) forward(response http.ResponseWriter, request *http.Request) {
	path := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	if len(path) < 3 {
		http.NotFound(response, request)
		return
	}
	pod, err := k.api.CoreV1().Pods(path[1]).Get(request.Context(), path[2], meta.GetOptions{})
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(response, request, forwarder{pod}, pod.Name, pod.UID, options,
		time.Minute, time.Minute, portforward.SupportedProtocols)
}

type forwarder struct{ pod *core.Pod }

// PortForward answers on the ports that the pod's containers name as its network does (network.go);
// nothing listens on the others.
func (f forwarder) PortForward(_ context.Context, _ string, _ types.UID, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	for _, container := range f.pod.Spec.Containers {
		for _, open := range container.Ports {
			if open.ContainerPort == port {
				answerFor(f.pod, bufio.NewReader(stream), stream)
				return nil
			}
		}
	}
	return fmt.Errorf("failed to connect to localhost:%d inside the pod: connection refused", port)
}
