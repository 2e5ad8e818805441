# The images of both architectures, each under a tag of its own, as an engine keeps them side by side:
#   docker buildx bake -f docker/docker-bake.hcl                 all four
#   docker buildx bake -f docker/docker-bake.hcl node-amd64      one
# Run it at the root of the project. `:local` is the image for this machine's own architecture.

variable "BASE_IMAGE" { default = "node:24-bookworm-slim" }
variable "VERSION" { default = "0.0.0" }
variable "REVISION" { default = "unknown" }

function "tags" {
  params = [name, arch]
  result = concat(["${name}:${arch}"], length(regexall("${arch}$", BAKE_LOCAL_PLATFORM)) > 0 ? ["${name}:local"] : [])
}

group "default" { targets = ["node-amd64", "node-arm64", "lab-amd64", "lab-arm64"] }

target "_image" {
  context = "."
  dockerfile = "docker/Dockerfile"
  args = { BASE_IMAGE = BASE_IMAGE, VERSION = VERSION, REVISION = REVISION }
  output = ["type=docker"]
}

target "_amd64" { platforms = ["linux/amd64"] }
target "_arm64" { platforms = ["linux/arm64"] }

target "node-amd64" {
  inherits = ["_image", "_amd64"]
  target = "node"
  tags = tags("wallance-node", "amd64")
}
target "node-arm64" {
  inherits = ["_image", "_arm64"]
  target = "node"
  tags = tags("wallance-node", "arm64")
}
target "lab-amd64" {
  inherits = ["_image", "_amd64"]
  target = "lab"
  tags = tags("wallance-lab", "amd64")
}
target "lab-arm64" {
  inherits = ["_image", "_arm64"]
  target = "lab"
  tags = tags("wallance-lab", "arm64")
}
