#!/usr/bin/env python3
"""Checks that no file in git names a path of somebody's machine: the project must work wherever it is checked out.

Usage: check_machine_paths.py [SOURCE_ROOT]

Temporary files come from mktemp, tempfile or std::filesystem::temp_directory_path, never from a fixed folder.
"""

import pathlib
import re
import subprocess
import sys

MACHINE_PATH = re.compile(r"(?<![\w.$})*~-])/(?:work|home|root|Users|tmp)/[\w.-]")


def lines_naming_machine_paths(text):
    """The numbers, from 1, of the lines that name one."""
    return [number for number, line in enumerate(text.splitlines(), 1) if MACHINE_PATH.search(line)]


def check(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    violations = []
    for name in filter(None, listed.split("\0")):
        file = root / name
        if file.is_symlink() or not file.is_file():
            continue
        text = file.read_bytes().decode(errors="replace")
        violations += [f"{name}:{number}: names a path of one machine" for number in lines_naming_machine_paths(text)]
    return violations


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    if not (root / ".git").exists():
        print("machine paths: not a git checkout, nothing to check")
        return 0
    violations = check(root)
    for violation in violations:
        print(violation)
    print("machine paths:", f"{len(violations)} found" if violations else "none")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
