// Package runtime carries out a pipeline: its steps one after the other or, where they name what
// they depend on, each as soon as that is done.
package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/drone/drone-runtime/engine"
)

// ErrInterrupt tells that a step has ended the pipeline as successful, by the exit code 78.
var ErrInterrupt = errors.New("interrupt")

const exitStopHere = 78

// ExitError tells that a step has failed.
type ExitError struct {
	Name string
	Code int
}

func (e *ExitError) Error() string { return fmt.Sprintf("%s: exit code %d", e.Name, e.Code) }

// OomError would tell that a step was out of memory, which is not watched here.
type OomError struct{ ExitError }

// Line is one that a step has printed, and when: in seconds since it began.
type Line struct {
	Number    int    `json:"pos,omitempty"`
	Message   string `json:"out,omitempty"`
	Timestamp int64  `json:"time,omitempty"`
}

// State is what a hook is told.
type State struct {
	Runtime struct {
		Time  int64
		Error error
	}
	Step  *engine.Step
	State struct{ ExitCode int }
}

// Hook is called as the pipeline goes on.
type Hook struct {
	BeforeEach func(*State) error
	AfterEach  func(*State) error
	GotLine    func(*State, *Line) error
	GotLogs    func(*State, []*Line) error
}

// Option sets a part of a Runtime.
type Option func(*Runtime)

// WithEngine sets what carries steps out.
func WithEngine(e engine.Engine) Option { return func(r *Runtime) { r.engine = e } }

// WithConfig sets the pipeline.
func WithConfig(spec *engine.Spec) Option { return func(r *Runtime) { r.spec = spec } }

// WithHooks sets what is called meanwhile.
func WithHooks(hook *Hook) Option { return func(r *Runtime) { r.hook = hook } }

// Runtime carries out one pipeline, once.
type Runtime struct {
	engine  engine.Engine
	spec    *engine.Spec
	hook    *Hook
	started int64

	mutex sync.Mutex
	err   error
}

// New returns a Runtime that has not begun.
func New(options ...Option) *Runtime {
	r := &Runtime{started: time.Now().Unix()}
	for _, option := range options {
		option(r)
	}
	return r
}

// Run carries the pipeline out. Its error is the first failure, or ErrInterrupt.
func (r *Runtime) Run(ctx context.Context) error {
	defer r.engine.Destroy(r.spec)
	if err := r.engine.Setup(ctx, r.spec); err != nil {
		return err
	}
	done := map[string]chan struct{}{}
	for _, step := range r.spec.Steps {
		done[step.Metadata.Name] = make(chan struct{})
	}
	var steps sync.WaitGroup
	previous := closed()
	for _, step := range r.spec.Steps {
		after := []<-chan struct{}{previous}
		if r.isGraph() {
			after = nil
			for _, name := range step.DependsOn {
				if other, ok := done[name]; ok {
					after = append(after, other)
				}
			}
		}
		mine := done[step.Metadata.Name]
		if !step.Detach {
			previous = mine
		}
		steps.Add(1)
		go func() {
			defer steps.Done()
			defer close(mine)
			for _, other := range after {
				<-other
			}
			if r.wants(step) && ctx.Err() == nil {
				r.note(r.run(ctx, step))
			}
		}()
	}
	steps.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.err
}

func closed() <-chan struct{} {
	channel := make(chan struct{})
	close(channel)
	return channel
}

func (r *Runtime) isGraph() bool {
	for _, step := range r.spec.Steps {
		if len(step.DependsOn) > 0 {
			return true
		}
	}
	return false
}

// wants tells whether a step runs after what came before it.
func (r *Runtime) wants(step *engine.Step) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case errors.Is(r.err, ErrInterrupt):
		return false
	case r.err != nil:
		return step.RunPolicy == engine.RunOnFailure || step.RunPolicy == engine.RunAlways
	default:
		return step.RunPolicy == engine.RunOnSuccess || step.RunPolicy == engine.RunAlways
	}
}

// note keeps the first failure.
func (r *Runtime) note(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *Runtime) run(ctx context.Context, step *engine.Step) error {
	state := &State{Step: step}
	state.Runtime.Time = r.started
	r.mutex.Lock()
	state.Runtime.Error = r.err
	r.mutex.Unlock()
	if err := r.hook.BeforeEach(state); err != nil {
		return err
	}
	log := &lines{state: state, hook: r.hook, begin: time.Now(), hide: replacer(r.spec.Secrets)}
	code, err := r.engine.Run(ctx, r.spec, step, log)
	log.end()
	if err != nil {
		code = 255
	}
	state.State.ExitCode = code
	if logsErr := r.hook.GotLogs(state, log.all); logsErr != nil && err == nil {
		err = logsErr
	}
	if afterErr := r.hook.AfterEach(state); afterErr != nil && err == nil {
		err = afterErr
	}
	switch {
	case err != nil:
		return err
	case code == exitStopHere:
		return ErrInterrupt
	case code != 0 && !step.IgnoreErr:
		return &ExitError{Name: step.Metadata.Name, Code: code}
	}
	return nil
}

// lines cuts what a step prints into lines, and hides secrets in each.
type lines struct {
	state *State
	hook  *Hook
	begin time.Time
	hide  *strings.Replacer
	rest  bytes.Buffer
	all   []*Line
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest.Write(text)
	for {
		end := bytes.IndexByte(l.rest.Bytes(), '\n')
		if end < 0 {
			return len(text), nil
		}
		l.add(string(l.rest.Next(end + 1)))
	}
}

func (l *lines) end() {
	if l.rest.Len() > 0 {
		l.add(l.rest.String())
	}
}

func (l *lines) add(text string) {
	line := &Line{
		Number:    len(l.all),
		Message:   l.hide.Replace(text),
		Timestamp: int64(time.Since(l.begin).Seconds()),
	}
	l.all = append(l.all, line)
	_ = l.hook.GotLine(l.state, line)
}

func replacer(secrets []*engine.Secret) *strings.Replacer {
	var pairs []string
	for _, secret := range secrets {
		if secret.Data != "" {
			pairs = append(pairs, secret.Data, "********")
		}
	}
	return strings.NewReplacer(pairs...)
}
