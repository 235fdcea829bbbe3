"""AWS's SDK for JavaScript, version 3: shop.mjs in Node."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

SDK = pathlib.Path(__file__).parents[3] / ".deps" / "javascript"
LIMIT_S = 280


def test_the_life_of_a_shop_in_javascript(running, access_key):
    if shutil.which("node") is None or not (SDK / "node_modules").is_dir():
        pytest.skip("NOT TESTED with AWS's SDK for JavaScript: scripts/setup clients installs it")
    # As a machine has it that knows no other credentials, and asks nobody for some.
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NODE_"))}
    of_aws = {"AWS_ENDPOINT_URL": running.url, "AWS_ACCESS_KEY_ID": access_key["aws_access_key_id"],
              "AWS_SECRET_ACCESS_KEY": access_key["aws_secret_access_key"], "AWS_EC2_METADATA_DISABLED": "true"}
    ended = subprocess.run(["node", pathlib.Path(__file__).with_name("shop.mjs")], env=bare | of_aws | {"SDK": str(SDK)},
                           capture_output=True, text=True, timeout=LIMIT_S)
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert json.loads(ended.stdout) == {"recipes": 25}
