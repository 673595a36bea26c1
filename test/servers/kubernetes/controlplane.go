package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	cliflag "k8s.io/component-base/cli/flag"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// The certificate is in the file itself, so that its text can be handed on without the folder.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: lockstep, cluster: {server: "https://127.0.0.1:%[1]d", certificate-authority-data: %[2]s}}]
users: [{name: %[3]s, user: {token: %[4]s}}]
contexts: [{name: lockstep, context: {cluster: lockstep, user: %[3]s, namespace: default}}]
current-context: lockstep
`

type controlPlane struct {
	dir        string
	port       int
	adminToken string
}

func (p *controlPlane) file(name string) string { return filepath.Join(p.dir, name) }

func (p *controlPlane) write(name, text string) {
	check(os.WriteFile(p.file(name), []byte(text), 0o600))
}

// start returns when the API answers. What it returns tells when a component has ended.
func (p *controlPlane) start(ctx context.Context, apiserverArgs []string) <-chan error {
	p.adminToken = rand.Text()
	deployerToken := rand.Text()
	p.write("tokens.csv", p.adminToken+",admin,1,system:masters\n"+deployerToken+",deployer,2,deployers\n")
	p.writeServiceAccountKey()
	etcd := p.startEtcd()

	// The three components share one set of feature gates. All flags are read before anything
	// starts, the controller manager's first, because the API server's Set() closes the set.
	controllerOptions, err := controlleroptions.NewKubeControllerManagerOptions()
	check(err)
	known, disabled, aliases := controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases()
	controllerFlags := controllerOptions.Flags(known, disabled, aliases)
	controllerOptions.ParsedFlags = &controllerFlags
	client := []string{"--kubeconfig=" + p.file("admin.kubeconfig"), "--leader-elect=false", "--secure-port=0", "--kube-api-qps=200", "--kube-api-burst=400"}
	parse(controllerFlags, append(client,
		"--service-account-private-key-file="+p.file("sa.key"),
		"--root-ca-file="+p.file("apiserver.crt"),
		"--enable-hostpath-provisioner"))
	p.write("egress.yaml", fmt.Sprintf(egress, p.file("network.sock")))
	serverOptions := apiserveroptions.NewServerRunOptions()
	parse(serverOptions.Flags(), append([]string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", p.port),
		"--endpoint-reconciler-type=none",
		"--cert-dir=" + p.dir,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.file("sa.key"),
		"--service-account-signing-key-file=" + p.file("sa.key"),
		"--token-auth-file=" + p.file("tokens.csv"),
		"--authorization-mode=RBAC",
		"--egress-selector-config-file=" + p.file("egress.yaml"),
	}, apiserverArgs...))
	schedulerOptions := scheduleroptions.NewOptions()
	parse(*schedulerOptions.Flags, client)
	check(serverOptions.GenericServerRunOptions.ComponentGlobalsRegistry.Set())

	completed, err := serverOptions.Complete(ctx) // makes the serving certificate
	check(err)
	for _, err := range completed.Validate() {
		check(err)
	}
	certificate, err := os.ReadFile(p.file("apiserver.crt"))
	check(err)
	ca := base64.StdEncoding.EncodeToString(certificate)
	p.write("admin.kubeconfig", fmt.Sprintf(kubeconfig, p.port, ca, "admin", p.adminToken))
	p.write("deployer.kubeconfig", fmt.Sprintf(kubeconfig, p.port, ca, "deployer", deployerToken))

	ended := make(chan error, 3)
	run := func(name string, component func() error) {
		go func() { ended <- fmt.Errorf("%s: %v", name, component()) }()
	}
	run("kube-apiserver", func() error { return apiserver.Run(ctx, completed) })
	p.awaitAPI(ended)

	controllerConfig, err := controllerOptions.Config(ctx, known, disabled, aliases)
	check(err)
	run("kube-controller-manager", func() error { return controllers.Run(ctx, controllerConfig.Complete()) })
	schedulerConfig, sched, err := scheduler.Setup(ctx, schedulerOptions)
	check(err)
	run("kube-scheduler", func() error { return scheduler.Run(ctx, schedulerConfig, sched) })
	return ended
}

// egress leads what the API server asks of pods, services and kubelets to network.go.
const egress = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport:
      uds:
        udsName: %s
`

func parse(sets cliflag.NamedFlagSets, args []string) {
	all := pflag.NewFlagSet("all", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	check(all.Parse(args))
}

func (p *controlPlane) writeServiceAccountKey() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err := x509.MarshalECPrivateKey(key)
	check(err)
	p.write("sa.key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
}

// startEtcd returns the address for clients.
func (p *controlPlane) startEtcd() string {
	local := func(port int) url.URL {
		return url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	}
	client, peer := local(p.port+1), local(p.port+2)
	config := embed.NewConfig()
	config.Dir, config.UnsafeNoFsync, config.LogLevel = p.file("etcd"), true, "error"
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	check(err)
	<-etcd.Server.ReadyNotify()
	return client.String()
}

const pollInterval = 20 * time.Millisecond

// get returns the answer's status and text; 0 when there is none.
func (p *controlPlane) get(path string) (int, string) {
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", p.port, path), nil)
	check(err)
	request.Header.Set("Authorization", "Bearer "+p.adminToken)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // this very process is the server
	}}
	response, err := client.Do(request)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(body)
}

func (p *controlPlane) awaitAPI(ended <-chan error) {
	for {
		if _, text := p.get("/readyz"); text == "ok" {
			return
		}
		select {
		case err := <-ended:
			check(err)
		case <-time.After(pollInterval):
		}
	}
}

// await waits until the object at the path exists.
func (p *controlPlane) await(path string) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(pollInterval) {
		if status, _ := p.get(path); status == http.StatusOK {
			return
		}
	}
	check(fmt.Errorf("%s did not appear in a minute", path))
}
