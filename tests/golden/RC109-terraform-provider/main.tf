terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "shared_account" {
  type    = string
  default = "222222222222"
}

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "shared"
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::${var.shared_account}:role/terraform"
  }
}

data "aws_caller_identity" "current" {}

module "images" {
  source = "./images"
  providers = {
    aws = aws.shared
  }
  # Who may pull; the account of this application is not among them.
  readers = ["333333333333", "444444444444"]
}

resource "aws_iam_role" "execution" {
  name = "shop-execution"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

data "aws_iam_policy_document" "pull" {
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:aws:ecr:eu-west-1:${var.shared_account}:repository/team/shop"]
  }
}

resource "aws_iam_role_policy" "pull" {
  name   = "pull"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.pull.json
}

resource "aws_ecs_task_definition" "shop" {
  family                   = "shop"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions = jsonencode([{
    name      = "shop"
    image     = "${var.shared_account}.dkr.ecr.eu-west-1.amazonaws.com/team/shop:v7"
    essential = true
  }])
}
