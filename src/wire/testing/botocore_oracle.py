"""Makes calls with a real botocore whose HTTP goes over stdin and stdout instead of a socket.

A line {service, operation, input, output} in; a line {request, input, expected} out, where input and expected are what
botocore's own model knows of input and output; a line {status, headers, body} in; a line {output} or {failure} out. Bytes travel as {"$bytes": base64}, timestamps as
{"$time": milliseconds}.
"""
import base64
import datetime
import io
import json
import sys

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

UTC = datetime.timezone.utc


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def known(value, shape):
    """The part of an input that botocore's model has, in its types."""
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return value
        return {k: known(v, shape.members[k]) for k, v in value.items() if k in shape.members}
    if kind == "list":
        return [known(v, shape.member) for v in value]
    if kind == "map":
        return {k: known(v, shape.value) for k, v in value.items()}
    if isinstance(value, dict) and "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if isinstance(value, dict) and "$time" in value:
        return datetime.datetime.fromtimestamp(value["$time"] / 1000, UTC)
    return value


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$time": round(value.timestamp() * 1000)}
    if hasattr(value, "read"):
        return plain(value.read())
    return value


class Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


def main():
    settings = hear()
    session = botocore.session.Session()
    clients = {}
    current = {}

    def before_send(request, **_):
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        headers = [[k, v.decode("latin1") if isinstance(v, bytes) else str(v)] for k, v in request.headers.items()]
        say({
            "input": plain(current["input"]),
            "expected": plain(current["expected"]),
            "request": {"method": request.method, "url": request.url, "headers": headers, "body": base64.b64encode(body).decode()},
        })
        answer = hear()
        return AWSResponse(request.url, answer["status"], answer["headers"], Raw(base64.b64decode(answer["body"])))

    while True:
        job = hear()
        if job is None:
            return
        service = job["service"]
        if service not in clients:
            clients[service] = session.create_client(
                service,
                region_name="eu-west-1",
                endpoint_url=settings["endpoint"],
                aws_access_key_id=settings["accessKeyId"],
                aws_secret_access_key=settings["secretAccessKey"],
                aws_session_token=settings["sessionToken"],
                config=Config(
                    parameter_validation=False,
                    inject_host_prefix=False,
                    retries={"max_attempts": 0},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={"addressing_style": "path"},
                ),
            )
            clients[service].meta.events.register("before-send." + service, before_send)
        client = clients[service]
        operations = {name: name for name in client.meta.service_model.operation_names}
        if job["operation"] not in operations:
            say({"unknown": True})
            continue
        model = client.meta.service_model.operation_model(job["operation"])
        current["input"] = known(job["input"], model.input_shape) if model.input_shape is not None else {}
        current["expected"] = known(job["output"], model.output_shape) if model.output_shape is not None else {}
        try:
            output = client._make_api_call(job["operation"], dict(current["input"]))
            output.pop("ResponseMetadata", None)
            say({"output": plain(output)})
        except ClientError as error:
            say({"failure": {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"], "class": type(error).__name__, "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}})
        except Exception as error:
            say({"broken": type(error).__name__ + ": " + str(error)})


main()
