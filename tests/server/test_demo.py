"""What make run promises: a shop that is served, and three things to try that work as they are printed."""

import json
import re
import subprocess


def test_the_three_things_to_try_work_as_they_are_printed(served):
    served.start("--demo")
    text = ""
    while text.count("curl") < 3 or not text.endswith("\n\n"):
        line = served.process.stdout.readline().decode()
        assert line, text
        text += line
    commands = re.findall(r"curl (?:.*\\\n)*.*", text)
    assert len(commands) == 3
    answers = []
    for command in commands:
        ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        answers.append(json.loads(ended.stdout))
    shown, seen, forgotten = answers
    assert len(shown["items"]) == 5 and all(item["because"] for item in shown["items"])
    assert seen == {"recorded": 1, "duplicates": 0, "not_admitted": 0}
    assert forgotten["people"] == 1 and forgotten["right"] == "erasure"
    assert not served.recommend("demo", user="customer-0007")["known"]
    assert "obstacle" not in served.wait_for_request(forgotten)
    assert served.stop() == 0

    again = served.start("--demo")
    assert again.recommend("demo", user="customer-0008")["personal"], "trained once, and kept"
