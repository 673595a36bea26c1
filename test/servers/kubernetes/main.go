// lockstep-kube is a Kubernetes control plane for tests, in one process and without containers:
// etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and fake nodes that report what
// a kubelet would.
//
//	lockstep-kube --dir DIR --port PORT
//
// listens on 127.0.0.1: the API on PORT, etcd on PORT+1 and PORT+2, the fake kubelet on a free
// port. It writes to DIR:
//
//	admin.kubeconfig     may do everything
//	deployer.kubeconfig  may do what RBAC grants to the user "deployer" or the group "deployers"
//	ready                appears when the default service account exists and the nodes are Ready
//
// SIGTERM ends it. DIR is then of no further use.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

func main() {
	dir := flag.String("dir", "", "folder for keys, kubeconfigs and etcd's data; is made, must not hold an older state")
	port := flag.Int("port", 16443, "port of the API; etcd takes the next two")
	nodes := flag.Int("nodes", 1, "number of fake nodes")
	var apiserverArgs []string
	flag.Func("apiserver-arg", "a further kube-apiserver flag, as --audit-log-path=FILE; may be repeated", func(arg string) error {
		apiserverArgs = append(apiserverArgs, arg)
		return nil
	})
	flag.Parse()
	if *dir == "" {
		check(fmt.Errorf("--dir is missing"))
	}
	abs, err := filepath.Abs(*dir)
	check(err)
	check(os.MkdirAll(abs, 0o700))

	ctx := genericapiserver.SetupSignalContext()
	plane := controlPlane{dir: abs, port: *port}
	ended := plane.start(ctx, apiserverArgs)
	go runFakeNodes(ctx, plane.file("admin.kubeconfig"), plane.file("network.sock"), *nodes)
	plane.await("/api/v1/namespaces/default/serviceaccounts/default")
	for i := range *nodes {
		plane.await("/api/v1/nodes/" + nodeName(i))
	}
	plane.write("ready", "ok\n")

	select {
	case err := <-ended:
		if ctx.Err() == nil {
			check(fmt.Errorf("a component ended: %v", err))
		}
	case <-ctx.Done(): // the state is thrown away, so nothing has to be ended in order
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lockstep-kube:", err)
		os.Exit(1)
	}
}
