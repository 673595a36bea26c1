module lockstep.test/drone

go 1.26

require github.com/drone/drone v1.10.1

require github.com/opencontainers/go-digest v1.0.0 // indirect

replace (
	github.com/docker/docker => github.com/docker/engine v17.12.0-ce-rc1.0.20200309214505-aa6a9891b09c+incompatible
	github.com/drone/drone-runtime => ./runtime
	github.com/h2non/gock => gopkg.in/h2non/gock.v1 v1.0.14
)
