terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

locals {
  parameters = "arn:aws:ssm:${var.region}:${data.aws_caller_identity.current.account_id}:parameter/shop"
  services = {
    orders  = { image = "public.ecr.aws/docker/library/python:3.13-slim", parameters = { DATABASE_URL = "orders/database-url" } }
    billing = { image = "public.ecr.aws/docker/library/node:22-slim", parameters = { DATABASE_URL = "billing/database-url", PAYMENT_KEY = "shared/payment-key" } }
  }
}

resource "aws_ecs_cluster" "main" {
  name = "shop"
}

resource "aws_ssm_parameter" "database_url" {
  for_each = local.services
  name     = "/shop/${each.key}/database-url"
  type     = "SecureString"
  value    = "postgres://shop@db.internal/${each.key}"
}

resource "aws_ssm_parameter" "payment_key" {
  name  = "/shop/shared/payment-key"
  type  = "SecureString"
  value = "set by hand"

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_sqs_queue" "invoices" {
  name = "invoices"
}

module "service" {
  source     = "./modules/service"
  for_each   = local.services
  name       = each.key
  region     = var.region
  cluster    = aws_ecs_cluster.main.arn
  image      = each.value.image
  queue_arns = each.key == "billing" ? [aws_sqs_queue.invoices.arn] : []
  secrets    = { for name, path in each.value.parameters : name => "${local.parameters}/${path}" }
  readable   = ["${local.parameters}/${each.key}/*"]
}

# The key is shared: one statement more for the service that charges cards.
data "aws_iam_policy_document" "payment_key" {
  statement {
    sid       = "PaymentKey"
    actions   = ["ssm:GetParameters"]
    resources = ["${local.parameters}/shared/payment-key"]
  }
}

resource "aws_iam_role_policy" "payment_key" {
  name   = "payment-key"
  role   = module.service["billing"].task_role_name
  policy = data.aws_iam_policy_document.payment_key.json
}
