#!/bin/sh
# Bakes a machine image of version $1, and leaves in .lockstep/bake-ami.json what of: tag-source
# reads it there.
set -eu
mkdir -p .lockstep
packer init ami
packer build -color=false -var "version=$1" ami
manifest=.lockstep/packer-manifest.json
ami=$(sed -n 's/.*"artifact_id": *"[^:]*:\(ami-[0-9a-f]*\)".*/\1/p' "$manifest")
base=$(sed -n 's/.*"base_ami": *"\(ami-[0-9a-f]*\)".*/\1/p' "$manifest")
printf '{ "ami-id": "%s", "base-ami": "%s" }\n' "$ami" "$base" > .lockstep/bake-ami.json
