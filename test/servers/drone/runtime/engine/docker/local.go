// Package docker carries out steps as processes of this machine, without containers: the image
// of a plugin is a program in the folder that LOCKSTEP_DRONE_IMAGES names, at
// <registry>/<name>:<tag>; commands run in this machine's shell, whatever their image.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/drone/drone-runtime/engine"
)

// NewEnv returns the engine by the variables of the server's environment.
func NewEnv() (engine.Engine, error) {
	images := os.Getenv("LOCKSTEP_DRONE_IMAGES")
	if images == "" {
		return nil, errors.New("LOCKSTEP_DRONE_IMAGES is not set")
	}
	return &local{images: images, folders: filepath.Join(os.TempDir(), "pipelines")}, nil
}

type local struct{ images, folders string }

// volume is where a pipeline's volumes, files and homes are.
func (l *local) folder(spec *engine.Spec) string {
	return filepath.Join(l.folders, spec.Metadata.Namespace)
}

func (l *local) Setup(_ context.Context, spec *engine.Spec) error {
	for _, volume := range spec.Docker.Volumes {
		if volume.EmptyDir == nil {
			continue
		}
		if err := os.MkdirAll(l.volume(spec, volume.Metadata.Name), 0o755); err != nil {
			return err
		}
	}
	for _, file := range spec.Files {
		if err := os.WriteFile(l.file(spec, file.Metadata.Name), file.Data, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (l *local) Destroy(spec *engine.Spec) error { return os.RemoveAll(l.folder(spec)) }

func (l *local) volume(spec *engine.Spec, name string) string {
	return filepath.Join(l.folder(spec), "volume-"+name)
}

func (l *local) file(spec *engine.Spec, name string) string {
	return filepath.Join(l.folder(spec), "file-"+name)
}

func (l *local) Run(
	ctx context.Context, spec *engine.Spec, step *engine.Step, output io.Writer,
) (int, error) {
	home, err := os.MkdirTemp(l.folder(spec), "home-")
	if err != nil {
		return 0, err
	}
	here := l.paths(spec, step)
	program := append(append([]string{}, step.Docker.Command...), step.Docker.Args...)
	if len(program) == 0 {
		if program, err = l.imageProgram(step.Docker.Image); err != nil {
			fmt.Fprintln(output, err)
			return 127, nil
		}
	}
	for i := range program {
		program[i] = here(program[i])
	}
	command := exec.CommandContext(ctx, program[0], program[1:]...)
	command.Dir = here(step.WorkingDir)
	command.Env = environment(spec, step, home, here)
	command.Stdout, command.Stderr = output, output
	// A step that is cancelled ends with all that it has started, as a container does.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// paths returns what turns a path of the container into that of this machine.
func (l *local) paths(spec *engine.Spec, step *engine.Step) func(string) string {
	return func(path string) string {
		for _, mount := range step.Files {
			if path == mount.Path {
				return l.file(spec, mount.Name)
			}
		}
		for _, mount := range step.Volumes {
			if path == mount.Path || strings.HasPrefix(path, mount.Path+"/") {
				return l.volume(spec, mount.Name) + strings.TrimPrefix(path, mount.Path)
			}
		}
		return path
	}
}

func environment(
	spec *engine.Spec, step *engine.Step, home string, here func(string) string,
) []string {
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
	for name, value := range step.Envs {
		if strings.Contains(name, "WORKSPACE") {
			value = here(value)
		}
		list = append(list, name+"="+value)
	}
	for _, variable := range step.Secrets {
		for _, secret := range spec.Secrets {
			if secret.Metadata.Name == variable.Name {
				list = append(list, variable.Env+"="+secret.Data)
			}
		}
	}
	return list
}

// imageProgram looks an image up, whose name the compiler has written out in full.
func (l *local) imageProgram(image string) ([]string, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/")
	program := filepath.Join(l.images, strings.TrimSuffix(name, ":latest"))
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("there is no program for the image %s: %w", image, err)
	}
	return []string{program}, nil
}
