"""The check of the layering rule notices what it is there to notice: small trees, each with one violation."""

import pathlib
import tempfile
import unittest

import check_layering

ROOMS = """
eunomia_room(core LINKS fmt::fmt)
eunomia_room(store/sql USES core LINKS soci)
eunomia_room(store/table USES core store/sql LINKS duckdb)
eunomia_room(recommend USES core store/table)
eunomia_room(track USES core store/sql)
eunomia_room(wire/aws USES core recommend)
"""

SOUND = {
    "core/error.h": "#include <string>\n",
    "core/json.h": "#include <boost/json.hpp>\n",
    "store/sql/session.h": '#include "core/error.h"\n#include <soci/soci.h>\n',
    "store/table/table.h": '#include "store/sql/session.h"\n#include <duckdb.h>\n',
    "recommend/ease.cpp": '#include <cblas.h>\n#include "core/error.h"\n#include "store/table/table.h"\n',
    "recommend/ease.h": "#pragma once\n",
    "track/run.h": '#include "store/sql/session.h"\n',
    "wire/aws/personalize.cpp": '#include "recommend/ease.h"\n#include <boost/json/value.hpp>\n#include <boost/beast.hpp>\n',
    "app/main.cpp": '#include "recommend/ease.h"\n#include "track/run.h"\n#include <boost/json.hpp>\n',
}


class LayeringCheck(unittest.TestCase):
    def violations_with(self, changed, rooms=ROOMS):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src"
            for name, text in (SOUND | changed).items():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(text)
            (source / "CMakeLists.txt").write_text(rooms)
            return check_layering.check(pathlib.Path(folder))

    def assert_one_violation(self, violations, *words):
        self.assertEqual(len(violations), 1, violations)
        for word in words:
            self.assertIn(word, violations[0])

    def test_a_sound_tree_has_no_violation(self):
        self.assertEqual(self.violations_with({}), [])

    def test_an_include_of_a_room_above_is_named_with_file_and_line(self):
        self.assert_one_violation(
            self.violations_with({"core/error.h": '#include <string>\n#include "store/sql/session.h"\n'}),
            "core/error.h:2", "core may not include store/sql")

    def test_a_room_that_only_a_used_room_uses_needs_its_own_arrow(self):
        self.assert_one_violation(
            self.violations_with({"recommend/ease.cpp": '#include "store/sql/session.h"\n'}),
            "recommend may not include store/sql")

    def test_nothing_includes_the_composition_root(self):
        self.assert_one_violation(
            self.violations_with({"app/cli.h": "\n", "recommend/ease.cpp": '  #  include "app/cli.h"\n'}),
            "recommend may not include app")

    def test_an_arrow_between_domains_is_refused(self):
        rooms = ROOMS.replace("(track USES core", "(track USES recommend core")
        self.assert_one_violation(self.violations_with({}, rooms), "domain track", "domain recommend")

    def test_an_arrow_to_a_room_declared_later_is_refused(self):
        rooms = ROOMS.replace("(core LINKS", "(core USES store/sql LINKS")
        self.assert_one_violation(self.violations_with({}, rooms), "core uses store/sql", "not declared above")

    def test_a_heavy_header_outside_its_room_is_refused(self):
        for header in ("soci/soci.h", "duckdb.h", "cblas.h", "boost/json.hpp", "boost/asio.hpp", "sqlite3.h"):
            with self.subTest(header=header):
                self.assert_one_violation(self.violations_with({"track/run.h": f"#include <{header}>\n"}),
                                          "track/run.h:1", header)

    def test_a_folder_that_is_no_room_is_refused(self):
        self.assert_one_violation(self.violations_with({"misc/strings.h": "\n"}), "misc/strings.h", "no room")

    def test_a_relative_include_is_refused(self):
        self.assert_one_violation(self.violations_with({"recommend/ease.cpp": '#include "ease.h"\n'}),
                                  '"ease.h" is no file of src/')

    def test_a_tree_without_rooms_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src"
            source.mkdir()
            (source / "CMakeLists.txt").write_text("# nothing\n")
            self.assert_one_violation(check_layering.check(pathlib.Path(folder)), "declares no room")


if __name__ == "__main__":
    unittest.main()
