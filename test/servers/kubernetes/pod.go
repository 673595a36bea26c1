package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What a pod does is its mode: the annotation fake/mode, else what an image of it says
// (fake-MODE anywhere in its reference), else "ready".
const (
	ready            = "ready"
	neverReady       = "never-ready"
	errImagePull     = "err-image-pull"
	imagePullBackOff = "image-pull-backoff"
	slowRegistry     = "slow-registry" // an image that cannot be pulled now, and may be later
	neverPull        = "never-pull"    // as with imagePullPolicy: Never
	invalidName      = "invalid-name"
	neverStarted     = "never-started" // its startup probe fails
	initCrash        = "init-crash"    // its first init container crashes again and again
	pullDenied       = "pull-denied"
	configError      = "config-error"
	configLate       = "config-late" // as config-error at first, for the node's cache is behind
	crashLoop        = "crash-loop"
	outOfMemory      = "oom"     // crashes for using more memory than its limit
	exit             = "exit"    // its containers end with exit code 1
	pending          = "pending" // bound to a node, and nothing ever happens

	modeAnnotation       = "fake/mode"
	readyAfterAnnotation = "fake/ready-after" // delay before the first change, as 2s
	runsForAnnotation    = "fake/runs-for"    // how long a container runs in crash-loop, exit and Jobs
	logAnnotation        = "fake/log"         // what `kubectl logs` prints
)

func mode(pod *core.Pod) string {
	if mode := pod.Annotations[modeAnnotation]; mode != "" {
		return mode
	}
	for _, container := range pod.Spec.Containers {
		if mode := modeOf(container.Image); mode != "" {
			return mode
		}
	}
	return ready
}

func duration(pod *core.Pod, annotation string, otherwise time.Duration) time.Duration {
	if given, err := time.ParseDuration(pod.Annotations[annotation]); err == nil {
		return given
	}
	return otherwise
}

// life is one pod on its way through the states of its mode.
type life struct {
	kubelet  *kubelet
	pod      *core.Pod
	ip       string
	start    meta.Time
	restarts int32
	last     core.ContainerState // how its containers ended the last time

	unstarted bool                 // no startup probe has succeeded yet
	init      *core.ContainerState // of the first init container, while it keeps the others back
}

// live returns when the pod has reached the last state of its mode, or is gone.
func (k *kubelet) live(ctx context.Context, pod *core.Pod, ip string) {
	l := &life{kubelet: k, pod: pod, ip: ip, start: meta.Now()}
	image := pod.Spec.Containers[0].Image
	time.Sleep(duration(pod, readyAfterAnnotation, 0))
	switch mode := mode(pod); mode {
	case pending:
	case neverReady:
		l.report(ctx, core.PodRunning, false, running())
		l.event(ctx, core.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	case neverStarted:
		l.unstarted = true
		l.report(ctx, core.PodRunning, false, running())
		l.event(ctx, core.EventTypeWarning, "Unhealthy", "Startup probe failed: dial tcp: connect: connection refused")
	case neverPull:
		message := fmt.Sprintf("Container image %q is not present with pull policy of Never", image)
		l.report(ctx, core.PodPending, false, waiting("ErrImageNeverPull", message))
		l.event(ctx, core.EventTypeWarning, "ErrImageNeverPull", message)
	case invalidName:
		message := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: invalid reference format", image, image)
		l.report(ctx, core.PodPending, false, waiting("InvalidImageName", message))
		l.event(ctx, core.EventTypeWarning, "InspectFailed", message)
	case slowRegistry:
		message := fmt.Sprintf("failed to pull and unpack image %q: failed to do request: dial tcp 192.0.2.1:443: i/o timeout", image)
		l.report(ctx, core.PodPending, false, waiting("ErrImagePull", message))
		l.event(ctx, core.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", image, message))
	case initCrash:
		l.crashInit(ctx)
	case configError:
		l.report(ctx, core.PodPending, false, waiting("CreateContainerConfigError", `configmap "missing" not found`))
		l.event(ctx, core.EventTypeWarning, "Failed", `Error: configmap "missing" not found`)
	case configLate:
		l.report(ctx, core.PodPending, false, waiting("CreateContainerConfigError", "failed to sync configmap cache: timed out waiting for the condition"))
		time.Sleep(time.Second)
		l.report(ctx, core.PodRunning, true, running())
	case pullDenied:
		message := fmt.Sprintf("failed to pull and unpack image %q: pull access denied, repository does not exist or may require authorization", image)
		l.report(ctx, core.PodPending, false, waiting("ErrImagePull", message))
		l.event(ctx, core.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", image, message))
	case errImagePull, imagePullBackOff:
		message := fmt.Sprintf("failed to pull and unpack image %q: not found", image)
		exists := l.report(ctx, core.PodPending, false, waiting("ErrImagePull", message))
		l.event(ctx, core.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: rpc error: code = NotFound desc = %s", image, message))
		if exists && mode == imagePullBackOff {
			time.Sleep(500 * time.Millisecond)
			message = fmt.Sprintf("Back-off pulling image %q", image)
			l.report(ctx, core.PodPending, false, waiting("ImagePullBackOff", message))
			l.event(ctx, core.EventTypeNormal, "BackOff", message)
		}
	case crashLoop:
		l.crash(ctx, 1, "Error")
	case outOfMemory:
		l.crash(ctx, 137, "OOMKilled")
	default:
		if !l.report(ctx, core.PodRunning, true, running()) || pod.Spec.RestartPolicy == core.RestartPolicyAlways {
			return
		}
		time.Sleep(duration(pod, runsForAnnotation, 500*time.Millisecond))
		if mode == exit {
			l.report(ctx, core.PodFailed, false, l.ended(1, "Error"))
		} else {
			l.report(ctx, core.PodSucceeded, false, l.ended(0, "Completed"))
		}
	}
}

func (l *life) crash(ctx context.Context, code int32, reason string) {
	readyAtOnce := true // as with a kubelet: a running container without a readiness probe is ready
	for _, container := range l.pod.Spec.Containers {
		readyAtOnce = readyAtOnce && container.ReadinessProbe == nil
	}
	for pause := time.Second; l.report(ctx, core.PodRunning, readyAtOnce, running()); pause = min(2*pause, 10*time.Second) {
		time.Sleep(duration(l.pod, runsForAnnotation, 300*time.Millisecond))
		l.last = l.ended(code, reason)
		l.report(ctx, core.PodRunning, false, l.last)
		time.Sleep(100 * time.Millisecond)
		l.report(ctx, core.PodRunning, false, waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container", pause)))
		l.event(ctx, core.EventTypeWarning, "BackOff", "Back-off restarting failed container")
		time.Sleep(pause)
		l.restarts++
	}
}

func (l *life) crashInit(ctx context.Context) {
	held := waiting("PodInitializing", "")
	report := func(state core.ContainerState) bool {
		l.init = &state
		return l.report(ctx, core.PodPending, false, held)
	}
	for pause := time.Second; report(running()); pause = min(2*pause, 10*time.Second) {
		time.Sleep(duration(l.pod, runsForAnnotation, 300*time.Millisecond))
		l.last = l.ended(1, "Error")
		report(l.last)
		time.Sleep(100 * time.Millisecond)
		report(waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container", pause)))
		l.event(ctx, core.EventTypeWarning, "BackOff", "Back-off restarting failed container")
		time.Sleep(pause)
		l.restarts++
	}
}

func waiting(reason, message string) core.ContainerState {
	return core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: reason, Message: message}}
}

func running() core.ContainerState {
	return core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.Now()}}
}

func (l *life) ended(code int32, reason string) core.ContainerState {
	return core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: l.start, FinishedAt: meta.Now()}}
}

// report writes the pod's status, all its containers being in the same state. False: the pod is gone.
func (l *life) report(ctx context.Context, phase core.PodPhase, ready bool, state core.ContainerState) bool {
	status := core.PodStatus{
		Phase:                 phase,
		HostIP:                "127.0.0.1",
		PodIP:                 l.ip,
		PodIPs:                []core.PodIP{{IP: l.ip}},
		StartTime:             &l.start,
		Conditions:            l.conditions(ready),
		InitContainerStatuses: l.initContainers(),
		ContainerStatuses:     l.containers(ready, state),
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": l.pod.UID}, "status": status})
	check(err)
	for ctx.Err() == nil {
		_, err := l.kubelet.api.CoreV1().Pods(l.pod.Namespace).Patch(ctx, l.pod.Name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
		if err == nil {
			return true
		}
		// Conflict and Invalid: a pod of the same name with another UID
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
			return false
		}
		time.Sleep(200 * time.Millisecond)
	}
	return false
}

func (l *life) conditions(ready bool) []core.PodCondition {
	now := meta.Now()
	readiness, reason := core.ConditionFalse, "ContainersNotReady"
	if ready {
		readiness, reason = core.ConditionTrue, ""
	}
	conditions := []core.PodCondition{
		{Type: core.PodScheduled, Status: core.ConditionTrue, LastTransitionTime: now},
		{Type: core.PodInitialized, Status: core.ConditionTrue, LastTransitionTime: now},
		{Type: core.PodReady, Status: readiness, Reason: reason, LastTransitionTime: now},
		{Type: core.ContainersReady, Status: readiness, Reason: reason, LastTransitionTime: now},
	}
	for _, gate := range l.pod.Spec.ReadinessGates {
		conditions = append(conditions, core.PodCondition{Type: gate.ConditionType, Status: readiness, LastTransitionTime: now})
	}
	return conditions
}

func (l *life) initContainers() []core.ContainerStatus {
	var statuses []core.ContainerStatus
	for index, container := range l.pod.Spec.InitContainers {
		if l.init != nil {
			status := core.ContainerStatus{Name: container.Name, Image: container.Image, State: waiting("PodInitializing", "")}
			if index == 0 {
				status.ImageID, status.State, status.RestartCount, status.LastTerminationState = imageID(container.Image), *l.init, l.restarts, l.last
			}
			statuses = append(statuses, status)
			continue
		}
		status := core.ContainerStatus{Name: container.Name, Image: container.Image, ImageID: imageID(container.Image), Ready: true}
		if container.RestartPolicy == nil {
			status.State = l.ended(0, "Completed")
		} else { // a sidecar
			started := true
			status.Started, status.State = &started, running()
		}
		statuses = append(statuses, status)
	}
	return statuses
}

func (l *life) containers(ready bool, state core.ContainerState) []core.ContainerStatus {
	isRunning := state.Running != nil
	hasRun := l.init == nil && (isRunning || state.Terminated != nil || l.last.Terminated != nil)
	started := isRunning && !l.unstarted
	var statuses []core.ContainerStatus
	for _, container := range l.pod.Spec.Containers {
		status := core.ContainerStatus{
			Name:    container.Name,
			Image:   container.Image,
			Ready:   ready,
			Started: &started,
			State:   state,
		}
		if l.init == nil {
			status.RestartCount, status.LastTerminationState = l.restarts, l.last
		}
		if hasRun { // the runtime learns an image's ID by pulling it
			status.ImageID = imageID(container.Image)
		}
		statuses = append(statuses, status)
	}
	return statuses
}

func (l *life) event(ctx context.Context, kind, reason, message string) {
	now := meta.Now()
	_, _ = l.kubelet.api.CoreV1().Events(l.pod.Namespace).Create(ctx, &core.Event{ // best effort, as a kubelet's
		ObjectMeta:     meta.ObjectMeta{GenerateName: l.pod.Name + "."},
		Type:           kind,
		Reason:         reason,
		Message:        message,
		Count:          1,
		InvolvedObject: core.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: l.pod.Namespace, Name: l.pod.Name, UID: l.pod.UID},
		FirstTimestamp: now,
		LastTimestamp:  now,
		Source:         core.EventSource{Component: "kubelet", Host: l.pod.Spec.NodeName},
	}, meta.CreateOptions{})
}
