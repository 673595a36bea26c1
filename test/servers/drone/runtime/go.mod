module github.com/drone/drone-runtime

go 1.26
