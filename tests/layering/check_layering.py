#!/usr/bin/env python3
"""Checks the layering rule: a room includes only rooms below it.

Usage: check_layering.py [SOURCE_ROOT]

The arrows are those of src/CMakeLists.txt: eunomia_room(store/table USES core store/sql LINKS duckdb). The rule:

- a room includes itself and the rooms that its USES names, no others, not even those that they use;
- USES names rooms declared above, so that there is no cycle;
- a domain never uses a domain: what two of them share belongs in a room below;
- src/app, the composition root, includes all, and nothing includes it;
- a heavy header is included only where it belongs, so that few translation units pay for it.
"""

import pathlib
import re
import sys

APP = "app"
DOMAINS = {"recommend", "track", "feature", "label", "pipeline", "serve"}

# Header, or folder of headers, and the rooms that may include it; "wire" stands for wire/aws too.
HEAVY = {
    "soci": {"store/sql"},
    "sqlite3.h": {"store/sql"},
    "libpq-fe.h": {"store/sql"},
    "duckdb.h": {"store/table"},
    "cblas.h": {"recommend"},
    "boost/json": {"core", "wire", APP},
    "boost/asio": {"wire"},
    "boost/beast": {"wire"},
}

ROOM = re.compile(r"^\s*eunomia_room\(\s*([^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
SOURCES = {".h", ".hpp", ".cpp", ".ipp"}


def read_arrows(cmake_lists):
    """The rooms in their order, each with the rooms it may include, and what is wrong with the arrows themselves."""
    text = re.sub(r"#.*", "", cmake_lists.read_text())
    arrows, violations = {}, []
    for declaration in ROOM.finditer(text):
        room, *words = declaration.group(1).split()
        uses, section = [], None
        for word in words:
            if word in ("USES", "LINKS"):
                section = word
            elif section == "USES":
                uses.append(word)
        for used in uses:
            if used not in arrows:
                violations.append(f"{cmake_lists}: {room} uses {used}, which is not declared above it")
            if room in DOMAINS and used in DOMAINS:
                violations.append(f"{cmake_lists}: the domain {room} uses the domain {used}; "
                                  "what they share belongs in a room below")
        arrows[room] = set(uses)
    if not arrows:
        violations.append(f"{cmake_lists}: declares no room")
    return arrows, violations


def room_of(path, rooms):
    """The innermost room that holds a path relative to src/; None when there is none."""
    parts = pathlib.PurePosixPath(path).parts
    for length in range(len(parts) - 1, 0, -1):
        room = "/".join(parts[:length])
        if room in rooms or room == APP:
            return room
    return None


def within(room, folders):
    return any(room == folder or room.startswith(folder + "/") for folder in folders)


def heavy_rooms(header):
    for heavy, rooms in HEAVY.items():
        if header == heavy or header.startswith((heavy + "/", heavy + ".h")):
            return rooms
    return None


def check_include(room, own, header, arrows, source_folder):
    """What is wrong with one quoted or angled include in a file of `room`; None when nothing is."""
    allowed = heavy_rooms(header)
    if allowed is not None and not within(room, allowed):
        return f"{header} belongs in {', '.join(sorted(allowed))} only, not in {room}"
    if not own:
        return None
    if not (source_folder / header).is_file():
        return f'"{header}" is no file of src/; own headers are named from src/, others in <>'
    target = room_of(header, arrows)
    if target is None or target == room or room == APP:
        return None
    if target not in arrows[room]:
        return f"{room} may not include {target} (its USES in src/CMakeLists.txt: {', '.join(sorted(arrows[room])) or 'none'})"
    return None


def check(root):
    """All violations of the tree at `root`, each a line for people; empty when the rule holds."""
    source_folder = root / "src"
    arrows, violations = read_arrows(source_folder / "CMakeLists.txt")
    for file in sorted(source_folder.rglob("*")):
        if file.suffix not in SOURCES:
            continue
        room = room_of(file.relative_to(source_folder).as_posix(), arrows)
        if room is None:
            violations.append(f"{file}: lies in no room that src/CMakeLists.txt declares")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            if include is None:
                continue
            wrong = check_include(room, include.group(1) is not None, include.group(1) or include.group(2), arrows,
                                  source_folder)
            if wrong:
                violations.append(f"{file}:{number}: {wrong}")
    return violations


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    violations = check(root)
    for violation in violations:
        print(violation)
    print("layering:", f"{len(violations)} violations" if violations else "every room includes only rooms below it")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
