terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "region" { type = string }
variable "cluster" { type = string }
variable "image" { type = string }
variable "secrets" { type = map(string) }
variable "readable" { type = list(string) }
variable "queue_arns" {
  type    = list(string)
  default = []
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "parameters" {
  statement {
    sid       = "ReadParameters"
    actions   = ["ssm:GetParameters"]
    resources = var.readable
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:${module.logs.group}:*"]
  }
}

data "aws_iam_policy_document" "queues" {
  count = length(var.queue_arns) > 0 ? 1 : 0
  statement {
    actions   = ["sqs:SendMessage"]
    resources = var.queue_arns
  }
}

module "logs" {
  source = "../logs"
  name   = var.name
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_policy" "parameters" {
  name   = "${var.name}-parameters"
  policy = data.aws_iam_policy_document.parameters.json
}

resource "aws_iam_policy_attachment" "parameters" {
  name       = "${var.name}-parameters"
  policy_arn = aws_iam_policy.parameters.arn
  roles      = [aws_iam_role.execution.name]
}

resource "aws_iam_policy" "start" {
  name   = "${var.name}-start"
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_iam_role_policy_attachment" "start" {
  role       = aws_iam_role.execution.name
  policy_arn = aws_iam_policy.start.arn
}

resource "aws_iam_role_policy" "queues" {
  count  = length(var.queue_arns) > 0 ? 1 : 0
  name   = "queues"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.queues[0].json
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions = jsonencode([{
    name      = var.name
    image     = var.image
    essential = true
    secrets   = [for name, from in var.secrets : { name = name, valueFrom = from }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = module.logs.group
        awslogs-region        = var.region
        awslogs-stream-prefix = "ecs"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = var.cluster
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 2
  launch_type     = "FARGATE"
  network_configuration {
    subnets         = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
    security_groups = ["sg-0a1b2c3d4e5f60003"]
  }
}

output "task_role_name" { value = aws_iam_role.task.name }
output "execution_role_name" { value = aws_iam_role.execution.name }
