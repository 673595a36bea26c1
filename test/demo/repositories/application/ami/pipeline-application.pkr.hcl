variable "version" {
  type = string
}

variable "base_ami" {
  type    = string
  default = "ami-0c1b2a39485f6e7d8"
}

source "amazon-ebs" "application" {
  ami_name      = "pipeline-application-${var.version}"
  source_ami    = var.base_ami
  region        = "us-east-1"
  instance_type = "t3.micro"
  ssh_username  = "admin"
}

build {
  sources = ["source.amazon-ebs.application"]

  provisioner "file" {
    source      = "src/"
    destination = "/tmp/html"
  }

  post-processor "manifest" {
    output      = ".lockstep/packer-manifest.json"
    custom_data = { base_ami = var.base_ami }
  }
}
