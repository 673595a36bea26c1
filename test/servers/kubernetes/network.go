package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
)

// What a pod answers to a request that comes through the API server's proxies: this status, and
// as body the pod's name, its first image and what was asked for.
const httpStatusAnnotation = "fake/http-status"

// serveNetwork stands in for the cluster's network: kube-apiserver reaches pods and kubelets by
// CONNECT through this socket.
func (k *kubelet) serveNetwork(socket string) {
	listener, err := net.Listen("unix", socket)
	check(err)
	check(http.Serve(listener, http.HandlerFunc(k.connect)))
}

func (k *kubelet) connect(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodConnect {
		http.Error(response, "only CONNECT is spoken here", http.StatusMethodNotAllowed)
		return
	}
	host, _, err := net.SplitHostPort(request.Host)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	k.lock.Lock()
	pod := k.byIP[host]
	k.lock.Unlock()
	var target net.Conn
	if pod == nil {
		if target, err = net.Dial("tcp", request.Host); err != nil {
			http.Error(response, err.Error(), http.StatusBadGateway)
			return
		}
		defer target.Close()
	}
	conn, buffered, err := response.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	if pod != nil {
		answerFor(pod, buffered.Reader, conn)
		return
	}
	go func() {
		_, _ = io.Copy(target, buffered)
		target.Close()
	}()
	_, _ = io.Copy(conn, target)
}

func answerFor(pod *core.Pod, reader *bufio.Reader, conn io.Writer) {
	status, err := strconv.Atoi(pod.Annotations[httpStatusAnnotation])
	if err != nil {
		status = http.StatusOK
	}
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		body := fmt.Sprintf("%s %s %s\n", pod.Name, pod.Spec.Containers[0].Image, request.URL.RequestURI())
		answer := http.Response{
			StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: request,
			Header:        http.Header{"Content-Type": {"text/plain"}},
			ContentLength: int64(len(body)),
			Body:          io.NopCloser(strings.NewReader(body)),
		}
		if answer.Write(conn) != nil {
			return
		}
	}
}
