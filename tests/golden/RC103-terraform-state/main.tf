terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "trust" {
  for_each = { task = "ecs-tasks.amazonaws.com", instance = "ec2.amazonaws.com" }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

resource "aws_ecs_cluster" "batch" {
  name = "batch"
}

resource "aws_iam_role" "instance" {
  name               = "batch-instance"
  assume_role_policy = data.aws_iam_policy_document.trust["instance"].json
}

resource "aws_iam_role_policy_attachment" "instance" {
  count = 2
  role  = aws_iam_role.instance.name
  policy_arn = [
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
  ][count.index]
}

resource "aws_iam_instance_profile" "instance" {
  name = "batch-instance"
  role = aws_iam_role.instance.name
}

resource "aws_launch_template" "instance" {
  name_prefix   = "batch-"
  image_id      = "ami-0a1b2c3d4e5f60718"
  instance_type = "m6i.large"
  user_data     = base64encode("#!/bin/bash\necho ECS_CLUSTER=${aws_ecs_cluster.batch.name} >> /etc/ecs/ecs.config\n")
  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
}

resource "aws_autoscaling_group" "batch" {
  name                  = "batch"
  min_size              = 1
  max_size              = 4
  protect_from_scale_in = true
  vpc_zone_identifier   = ["subnet-0a1b2c3d4e5f60001"]
  launch_template {
    id      = aws_launch_template.instance.id
    version = "$Latest"
  }
}

resource "aws_ecs_capacity_provider" "batch" {
  name = "batch"
  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.batch.arn
    managed_termination_protection = "ENABLED"
  }
}

resource "aws_ecs_cluster_capacity_providers" "batch" {
  cluster_name       = aws_ecs_cluster.batch.name
  capacity_providers = [aws_ecs_capacity_provider.batch.name]
  default_capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.batch.name
    weight            = 1
  }
}

resource "aws_kms_key" "parameters" {
  description         = "parameters of the batch"
  enable_key_rotation = true
}

resource "aws_kms_alias" "parameters" {
  name          = "alias/batch"
  target_key_id = aws_kms_key.parameters.key_id
}

resource "aws_ssm_parameter" "licence" {
  name   = "/batch/licence"
  type   = "SecureString"
  key_id = aws_kms_alias.parameters.name
  value  = "set by hand"
}

resource "aws_cloudwatch_log_group" "batch" {
  name = "/batch"
}

resource "aws_iam_role" "execution" {
  name               = "batch-execution"
  assume_role_policy = data.aws_iam_policy_document.trust["task"].json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Licence"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.licence.arn]
  }
  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.parameters.arn]
  }
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.batch.arn}:*"]
  }
}

resource "aws_iam_policy" "execution" {
  name   = "batch-execution"
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_policy_attachment" "execution" {
  name       = "batch-execution"
  policy_arn = aws_iam_policy.execution.arn
  roles      = [aws_iam_role.execution.name]
}

resource "aws_iam_role" "task" {
  name               = "batch-task"
  assume_role_policy = data.aws_iam_policy_document.trust["task"].json
}

resource "aws_ecs_task_definition" "batch" {
  family                   = "batch"
  requires_compatibilities = ["EC2"]
  network_mode             = "awsvpc"
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions = jsonencode([{
    name      = "batch"
    image     = "public.ecr.aws/docker/library/python:3.13-slim"
    memory    = 512
    essential = true
    secrets   = [{ name = "LICENCE", valueFrom = aws_ssm_parameter.licence.arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.batch.name
        awslogs-region        = "eu-west-1"
        awslogs-stream-prefix = "batch"
      }
    }
  }])
}

resource "aws_ecs_service" "batch" {
  name            = "batch"
  cluster         = aws_ecs_cluster.batch.id
  task_definition = aws_ecs_task_definition.batch.arn
  desired_count   = 1
  network_configuration {
    subnets = ["subnet-0a1b2c3d4e5f60001"]
  }
}
