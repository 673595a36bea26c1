module lockstep.test/drone-yaml

go 1.26

require github.com/drone/drone-yaml v1.2.3

// Its own address is not everywhere to be had.
replace docker.io/go-docker => github.com/docker/go-docker v1.0.0
