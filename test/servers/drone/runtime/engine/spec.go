// Package engine has the types that Drone's compiler makes of a pipeline's file, as far as it
// and the server name them, and what carries a step out.
package engine

import (
	"context"
	"io"
)

// Engine carries out the steps of a pipeline.
type Engine interface {
	// Setup makes what the steps of the pipeline share.
	Setup(context.Context, *Spec) error
	// Run carries out a step until it ends and returns its exit code; what it prints goes to output.
	Run(ctx context.Context, spec *Spec, step *Step, output io.Writer) (exitCode int, err error)
	// Destroy removes what Setup has made.
	Destroy(*Spec) error
}

// Spec is a pipeline, ready to be carried out.
type Spec struct {
	Metadata Metadata
	Platform Platform
	Secrets  []*Secret
	Steps    []*Step
	Files    []*File
	Docker   *DockerConfig
}

// Metadata names a resource.
type Metadata struct {
	UID       string
	Namespace string
	Name      string
	Labels    map[string]string
}

// Platform is what a pipeline asks to run on.
type Platform struct{ OS, Arch, Version, Variant string }

// Secret is a secret's value, by its name.
type Secret struct {
	Metadata Metadata
	Data     string
}

// SecretVar gives a secret to a step by a variable.
type SecretVar struct{ Name, Env string }

// File is mounted into steps by its name.
type File struct {
	Metadata Metadata
	Data     []byte
}

// FileMount puts a file at a path.
type FileMount struct {
	Name string
	Path string
	Mode int64
}

// Step is one process of a pipeline.
type Step struct {
	Metadata     Metadata
	Detach       bool
	DependsOn    []string
	Devices      []string
	Docker       *DockerStep
	Envs         map[string]string
	Files        []*FileMount
	IgnoreErr    bool
	IgnoreStderr bool
	IgnoreStdout bool
	Resources    *Resources
	RunPolicy    RunPolicy
	Secrets      []*SecretVar
	Volumes      []*VolumeMount
	WorkingDir   string
}

// DockerStep is what a step says of its container.
type DockerStep struct {
	Args, Command, DNS, DNSSearch, ExtraHosts []string
	Image, Network, User                      string
	Networks                                  []string
	Ports                                     []*Port
	Privileged                                bool
	PullPolicy                                PullPolicy
}

// DockerConfig is what the containers of a pipeline share.
type DockerConfig struct {
	Auths   []*DockerAuth
	Volumes []*Volume
}

// DockerAuth is an account at a registry.
type DockerAuth struct{ Address, Username, Password string }

// Port is one that a container opens.
type Port struct {
	Port, Host int
	Protocol   string
}

// Resources are a step's limits.
type Resources struct{ Limits, Requests *ResourceObject }

// ResourceObject is an amount: CPU in thousandths, memory in bytes.
type ResourceObject struct{ CPU, Memory int64 }

// Volume can be mounted by steps.
type Volume struct {
	Metadata Metadata
	EmptyDir *VolumeEmptyDir
	HostPath *VolumeHostPath
}

// VolumeEmptyDir is a volume that begins empty.
type VolumeEmptyDir struct {
	Medium    string
	SizeLimit int64
}

// VolumeHostPath is a volume that is a folder of the host.
type VolumeHostPath struct{ Path string }

// VolumeMount puts a volume at a path.
type VolumeMount struct{ Name, Path string }

// PullPolicy says when an image is pulled.
type PullPolicy int

// The pull policies.
const (
	PullDefault PullPolicy = iota
	PullAlways
	PullIfNotExists
	PullNever
)

// RunPolicy says after which outcomes a step runs.
type RunPolicy int

// The run policies.
const (
	RunOnSuccess RunPolicy = iota
	RunOnFailure
	RunAlways
	RunNever
)
