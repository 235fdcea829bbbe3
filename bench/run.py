"""Runs every benchmark and writes docs/benchmarks.md.

python bench/run.py [NAME...] runs only those; the page keeps what it says of the others."""

import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
BUILD = ROOT / "build"
DATA = BUILD / "bench-data"
PAGE = ROOT / "docs" / "benchmarks.md"
# Longest that one program may take.
LIMIT_S = 3600


# What somebody would set who gives PostgreSQL a machine like ours: memory for all of the data, checkpoints that are not
# due within a run, less to write of pages. synchronous_commit and fsync stay on.
POSTGRESQL_SETTINGS = ["shared_buffers=2GB", "effective_cache_size=8GB", "work_mem=64MB", "maintenance_work_mem=512MB",
                       "max_wal_size=4GB", "checkpoint_timeout=30min", "wal_buffers=64MB", "wal_compression=lz4",
                       "random_page_cost=1.1", "jit=off", "synchronous_commit=on"]


def beside_postgresql(program):
    settings = [argument for setting in POSTGRESQL_SETTINGS for argument in ("--set", setting)]
    return [ROOT / "scripts" / "with-postgres", *settings, program]


def programs():
    """The headline numbers in the order of the page: a name, what it is about, and the command."""
    shared = [
        ("import", "Import", [sys.executable, ROOT / "bench" / "import.py"]),
        ("ials", "iALS", [sys.executable, ROOT / "bench" / "ials.py"]),
        ("ease", "EASE", [sys.executable, ROOT / "bench" / "ease.py"]),
        ("item_knn", "Item-kNN", [sys.executable, ROOT / "bench" / "item_knn.py"]),
        ("scoring", "Answering", [sys.executable, ROOT / "bench" / "scoring.py"]),
        ("forgetting", "Forgetting", [BUILD / "bench" / "forgetting"]),
        ("erasure", "Rights", [sys.executable, ROOT / "bench" / "erasure.py"]),
        ("rights_cost", "What rights cost everybody else", [BUILD / "bench" / "rights_cost"]),
        ("scan", "Who may be read", [BUILD / "bench" / "scan"]),
        ("gdprbench", "GDPRbench", beside_postgresql(BUILD / "bench" / "gdprbench" / "gdprbench")),
        ("server", "The server", [sys.executable, ROOT / "bench" / "server.py"]),
        ("personalize", "AWS Personalize's clients", [sys.executable, ROOT / "bench" / "personalize.py"]),
    ]
    return shared


def environment():
    shared = os.environ.get("EUNOMIA_SHARED", str(ROOT.parent / "shared"))
    return os.environ | {"EUNOMIA_BENCH_DATA": str(DATA), "EUNOMIA_SHARED": shared, "PYTHON": sys.executable,
                         "EUNOMIA_BINARY": str(BUILD / "eunomia"), "OPENBLAS_NUM_THREADS": "1"}


def generate():
    DATA.mkdir(parents=True, exist_ok=True)
    target = DATA / "movielens.csv"
    if not target.exists():
        part = target.with_suffix(".part.csv")
        subprocess.run([BUILD / "bench" / "generate_movielens_shape", part], check=True)
        part.rename(target)


def run(command):
    """The figures that a program printed; a program that fails gives a row that says so."""
    print("running", *command, file=sys.stderr, flush=True)
    try:
        ended = subprocess.run(list(map(str, command)), env=environment(), stdout=subprocess.PIPE, text=True,
                               timeout=LIMIT_S, cwd=ROOT)
    except (subprocess.TimeoutExpired, OSError) as problem:
        return [{"figure": "did not run", "note": str(problem).replace(str(ROOT), ".")}]
    figures = []
    for line in ended.stdout.splitlines():
        if line.startswith("{"):
            figures.append(json.loads(line))
            print(line, file=sys.stderr, flush=True)
    if ended.returncode != 0:
        figures.append({"figure": "ended early", "note": f"exit code {ended.returncode}"})
    return figures


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.processor())
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))) / 2**20
    system = next((line.split("=", 1)[1].strip().strip('"') for line in open("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), platform.system())
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB of memory, {system}"


def number(value):
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def ratio(figure):
    ours, theirs = figure.get("ours"), figure.get("theirs")
    if not ours or not theirs:
        return ""
    return f"{(theirs / ours if figure.get('better', 'lower') == 'lower' else ours / theirs):.2f}×"


def goal(figure):
    if "goal" not in figure:
        return ""
    return f"{figure['goal']}: {'met' if figure.get('met') else '**missed**'}"


def section(figures):
    """What the page says of one program, below its title."""
    lines = [f"{datetime.date.today().isoformat()}, {machine()}.", "",
             "| figure | ours | peer | theirs | ratio | goal |", "|---|---|---|---|---|---|"]
    for f in figures:
        unit = f" {f['unit']}" if f.get("unit") else ""
        ours = number(f.get("ours")) + (unit if f.get("ours") is not None else "")
        theirs = number(f.get("theirs")) + (unit if f.get("theirs") is not None else "")
        lines.append(f"| {f['figure']} | {ours} | {f.get('peer', '') if theirs else ''} | {theirs} | {ratio(f)} | {goal(f)} |")
    notes = [f"- {f['figure']}: {f['note']}" for f in figures if f.get("note")]
    return "\n".join(lines + ([""] + notes if notes else []))


def sections_of_page():
    if not PAGE.exists():
        return {}
    _, *sections = PAGE.read_text().split("\n## ")
    return {title: text.strip() for title, text in (one.split("\n", 1) for one in sections)}


def write_page(sections):
    head = ("# Benchmarks\n\nWritten by `make bench`, a section by each of its programs. Medians; the peer ran in the same run, "
            "in turn. A ratio above 1 is in our favour. The machines are shared, so ratios mean more than seconds.\n")
    part = PAGE.with_suffix(".part")
    part.write_text("\n".join([head, *(f"## {title}\n\n{text}\n" for title, text in sections)]))
    part.rename(PAGE)


def main():
    wanted = set(sys.argv[1:])
    generate()
    sections = sections_of_page()
    for name, title, command in programs():
        if not wanted or name in wanted:
            sections[title] = section(run(command))
            write_page([(title, sections[title]) for _, title, _ in programs() if title in sections])


main()
