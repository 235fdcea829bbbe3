"""What schemathesis has to be told about the API: how lines of JSON are sent."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(context, value):
    return value if isinstance(value, (bytes, str)) else json.dumps(value).encode()
