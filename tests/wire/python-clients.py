"""Makes calls with boto3, or with the aws cli's own driver, as they come in: one JSON object a line, one answer a line."""
import base64
import io
import json
import os
import sys
import tempfile

import boto3
import botocore.exceptions
from botocore import xform_name
from botocore.config import Config

endpoint, kind = sys.argv[1], sys.argv[2]
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ENDPOINT_URL=endpoint,
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_PAGER="",
)
clients = {}


def client(service):
    if service not in clients:
        clients[service] = boto3.client(service, config=Config(retries={"max_attempts": 1}))
    return clients[service]


def from_wire(value):
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {key: from_wire(member) for key, member in value.items()}
    return [from_wire(element) for element in value] if isinstance(value, list) else value


def to_wire(value):
    if isinstance(value, dict):
        return {key: to_wire(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_wire(element) for element in value]
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "read"):
        return {"$bytes": base64.b64encode(value.read()).decode()}
    return value


def with_boto3(service, operation, given):
    answer = getattr(client(service), xform_name(operation))(**from_wire(given))
    answer.pop("ResponseMetadata", None)
    return to_wire(answer)


def for_cli(value):
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"]).decode("latin-1")
        return {key: for_cli(member) for key, member in value.items()}
    return [for_cli(element) for element in value] if isinstance(value, list) else value


def with_cli(service, operation, given):
    from awscli.clidriver import create_clidriver

    command = {"s3": "s3api"}.get(service, service)
    arguments = [command, xform_name(operation, "-"), "--output", "json", "--no-paginate", "--endpoint-url", endpoint]
    given = dict(given)
    model = client(service).meta.service_model.operation_model(operation)
    target = None
    if model.has_streaming_input and "Body" in given:
        handle, path = tempfile.mkstemp()
        os.write(handle, from_wire(given.pop("Body")))
        os.close(handle)
        arguments += ["--body", path]
    if model.has_streaming_output:
        handle, target = tempfile.mkstemp()
        os.close(handle)
    arguments += ["--cli-input-json", json.dumps(for_cli(given))]
    if target is not None:
        arguments.append(target)
    out, err, keep = io.StringIO(), io.StringIO(), (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        code = create_clidriver().main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    finally:
        sys.stdout, sys.stderr = keep
    if code != 0:
        text = err.getvalue()
        name = text.split("An error occurred (", 1)[1].split(")", 1)[0] if "An error occurred (" in text else "CliError"
        raise Refused(name, text.strip())
    return json.loads(out.getvalue() or "{}")


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def answer(request):
    make = with_boto3 if kind == "boto3" else with_cli
    try:
        return {"output": make(request["service"], request["operation"], request["input"])}
    except botocore.exceptions.ClientError as error:
        return {"error": {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}}
    except Refused as error:
        return {"error": {"code": error.code, "message": str(error)}}
    except Exception as error:
        return {"error": {"code": type(error).__name__, "message": str(error)}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
