# Over docker/docker-bake.hcl: the same images on the bases that docker/base/build makes.
#   docker buildx bake -f docker/docker-bake.hcl -f docker/base/docker-bake.hcl

variable "_own" { default = length(regexall("arm64$", BAKE_LOCAL_PLATFORM)) > 0 ? "arm64" : "amd64" }

target "_amd64" { args = { BASE_IMAGE = "wallance-base:amd64", BUILD_IMAGE = "wallance-build:${_own}" } }
target "_arm64" { args = { BASE_IMAGE = "wallance-base:arm64", BUILD_IMAGE = "wallance-build:${_own}" } }
