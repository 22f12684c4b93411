# Its image is pushed by the same apply that makes the repository: what the task runs is not known before.
resource "aws_ecr_repository" "reports" {
  name = "shop/reports"
}

resource "aws_iam_role" "reports" {
  name_prefix         = "reports-"
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
  assume_role_policy  = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_ecs_task_definition" "reports" {
  family                   = "reports"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.reports.arn
  container_definitions = jsonencode([{
    name      = "reports"
    image     = "${aws_ecr_repository.reports.repository_url}:latest"
    essential = true
  }])
}
