package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// kubelet stands in for the kubelets of all fake nodes.
type kubelet struct {
	api  kubernetes.Interface
	lock sync.Mutex
	seen map[types.UID]bool // pods whose life has begun
	byIP map[string]*core.Pod
	ips  int

	nodes map[string]bool // on others, which a test may add, nothing ever happens
}

func nodeName(index int) string { return fmt.Sprintf("node-%d", index+1) }

// runFakeNodes registers the nodes, gives every pod that is bound to one of them its life (pod.go)
// and answers `kubectl logs` (logs.go), `kubectl port-forward` (forward.go) and what is asked of
// pods (network.go).
func runFakeNodes(ctx context.Context, kubeconfig, network string, count int) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	check(err)
	config.QPS, config.Burst = 500, 1000
	api, err := kubernetes.NewForConfig(config)
	check(err)
	k := &kubelet{api: api, seen: map[types.UID]bool{}, byIP: map[string]*core.Pod{}, nodes: map[string]bool{}}
	for i := range count {
		k.nodes[nodeName(i)] = true
	}
	go k.serveNetwork(network)

	// A certificate signed by nobody will do: kube-apiserver does not check those of kubelets.
	kubelet := http.NewServeMux()
	kubelet.HandleFunc("/", k.logs)
	kubelet.HandleFunc("/portForward/", k.forward)
	server := httptest.NewUnstartedServer(kubelet)
	server.StartTLS()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	for i := range count {
		k.register(ctx, nodeName(i), int32(port))
		go k.renewLease(ctx, nodeName(i))
	}

	factory := informers.NewSharedInformerFactory(api, 0)
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.observe(ctx, object.(*core.Pod)) },
		UpdateFunc: func(_, object any) { k.observe(ctx, object.(*core.Pod)) },
		DeleteFunc: func(object any) {
			if pod, ok := object.(*core.Pod); ok {
				k.forget(pod)
			}
		},
	})
	check(err)
	factory.Start(ctx.Done())
}

func (k *kubelet) register(ctx context.Context, name string, port int32) {
	room := core.ResourceList{
		core.ResourceCPU:    resource.MustParse("32"),
		core.ResourceMemory: resource.MustParse("256Gi"),
		core.ResourcePods:   resource.MustParse("500"),
	}
	now := meta.Now()
	node := &core.Node{
		ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{
			core.LabelHostname: name, core.LabelOSStable: "linux", core.LabelArchStable: "amd64",
		}},
		Status: core.NodeStatus{
			Capacity:        room,
			Allocatable:     room,
			Conditions:      []core.NodeCondition{{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: now, LastTransitionTime: now}},
			Addresses:       []core.NodeAddress{{Type: core.NodeInternalIP, Address: "127.0.0.1"}},
			DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: port}},
			NodeInfo:        core.NodeSystemInfo{KubeletVersion: "v0.0.0-fake", OperatingSystem: "linux", Architecture: "amd64"},
		},
	}
	for ctx.Err() == nil {
		if _, err := k.api.CoreV1().Nodes().Create(ctx, node, meta.CreateOptions{}); err == nil || apierrors.IsAlreadyExists(err) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// renewLease is the node's heartbeat; without it the node would turn NotReady after 40 s.
func (k *kubelet) renewLease(ctx context.Context, node string) {
	leases := k.api.CoordinationV1().Leases(core.NamespaceNodeLease)
	seconds := int32(40)
	for ; ctx.Err() == nil; time.Sleep(10 * time.Second) {
		now := meta.NowMicro()
		lease := &coordination.Lease{
			ObjectMeta: meta.ObjectMeta{Name: node, Namespace: core.NamespaceNodeLease},
			Spec:       coordination.LeaseSpec{HolderIdentity: &node, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}
		// an error is put right by the next heartbeat
		if old, err := leases.Get(ctx, node, meta.GetOptions{}); err == nil {
			lease.ResourceVersion = old.ResourceVersion
			_, _ = leases.Update(ctx, lease, meta.UpdateOptions{})
		} else {
			_, _ = leases.Create(ctx, lease, meta.CreateOptions{})
		}
	}
}

// observe begins the life of a newly bound pod, and ends that of one that is to go.
func (k *kubelet) observe(ctx context.Context, pod *core.Pod) {
	if pod.Spec.NodeName == "" {
		return
	}
	if pod.DeletionTimestamp != nil {
		now := int64(0)
		go k.api.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, meta.DeleteOptions{GracePeriodSeconds: &now})
		return
	}
	if !k.nodes[pod.Spec.NodeName] {
		return
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.seen[pod.UID] || pod.Status.StartTime != nil {
		return
	}
	k.seen[pod.UID] = true
	k.ips++
	ip := fmt.Sprintf("10.%d.%d.%d", 128+k.ips>>16&127, k.ips>>8&255, k.ips&255)
	k.byIP[ip] = pod
	go k.live(ctx, pod, ip)
}

func (k *kubelet) forget(pod *core.Pod) {
	k.lock.Lock()
	defer k.lock.Unlock()
	delete(k.seen, pod.UID)
	delete(k.byIP, pod.Status.PodIP)
}
