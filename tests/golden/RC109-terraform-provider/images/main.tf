terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "readers" { type = list(string) }

resource "aws_ecr_repository" "shop" {
  name = "team/shop"
}

data "aws_iam_policy_document" "readers" {
  statement {
    sid     = "Pull"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
    principals {
      type        = "AWS"
      identifiers = [for account in var.readers : "arn:aws:iam::${account}:root"]
    }
  }
}

resource "aws_ecr_repository_policy" "shop" {
  repository = aws_ecr_repository.shop.name
  policy     = data.aws_iam_policy_document.readers.json
}
