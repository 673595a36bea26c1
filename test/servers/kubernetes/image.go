package main

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

// imageID is what a container runtime reports for a running image: NAME@sha256:DIGEST. The digest
// is the reference's own; where it has none, the SHA-256 of the reference stands in for it, so
// that two tags differ and the same tag is always the same.
func imageID(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	if !pinned {
		digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(reference)))
	}
	// a colon behind the last slash begins the tag; one before it belongs to the registry's port
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name = name[:colon]
	}
	return name + "@" + digest
}

var modeInImage = regexp.MustCompile(`fake-([a-z]+(?:-[a-z]+)*)`)

// modeOf reads the mode from an image reference, of which it may be any part:
// shop/app:fake-err-image-pull.
func modeOf(reference string) string {
	if found := modeInImage.FindStringSubmatch(reference); found != nil {
		return found[1]
	}
	return ""
}
