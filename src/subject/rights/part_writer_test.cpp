#include "subject/rights/part_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/temporary_directory.h"
#include "subject/rights/testing.h"

namespace eunomia::subject {
namespace {

class part_writer_test : public ::testing::Test {
 protected:
  using row = std::vector<collected_value>;

  // The files of a part with these rows.
  std::map<std::string, std::string> written(std::vector<part_column> columns, const std::vector<row>& rows) {
    const auto file = folder_.path() / "a.zip";
    collected_part about;
    about.title = "A part";
    about.columns = std::move(columns);
    zip_file out(file);
    part_writer part(out, about, "a.csv", "a.json", folder_.path());
    for (const row& one : rows) {
      part.add(one);
    }
    EXPECT_EQ(part.finish(), rows.size());
    out.begin("end");  // minizip reads no archive without an entry
    out.finish();
    auto files = testing::read_zip(file);
    files.erase("end");
    return files;
  }
  static core::json_value rows_in(const std::string& json) { return *core::parse_json(json).find("rows"); }

  core::temporary_directory folder_;
};

TEST(csv_text, is_quoted_where_the_format_asks_for_it) {
  EXPECT_EQ(csv_text("plain; text"), "plain; text");
  EXPECT_EQ(csv_text("a,b"), R"("a,b")");
  EXPECT_EQ(csv_text("say \"a\""), R"("say ""a""")");
  EXPECT_EQ(csv_text("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_text("two\rlines"), "\"two\rlines\"");
  EXPECT_EQ(csv_text(""), R"("")");
}

TEST(csv_text, is_no_formula_and_says_what_it_was) {
  for (const std::string text : {"=1", "+1", "-1", "@a", "\ta", "'a", "＝1", "－1", "＋1", "＠a"}) {
    EXPECT_EQ(csv_text(text), "'" + text);
  }
  EXPECT_EQ(csv_text("\na"), "\"'\na\"");
  EXPECT_EQ(csv_text("\ra"), "\"'\ra\"");
  EXPECT_EQ(csv_text("=a,\"b\""), R"("'=a,""b""")");
  EXPECT_EQ(csv_text("a=1"), "a=1");
}

TEST_F(part_writer_test, writes_every_type_in_both_files) {
  const auto files = written({{"text", value_type::text, ""},
                              {"integer", value_type::integer, ""},
                              {"number", value_type::number, ""},
                              {"yes", value_type::yes_no, ""},
                              {"at", value_type::moment, ""}},
                             {{"=a", std::int64_t{-7}, 0.1, std::int64_t{1}, std::int64_t{1'700'000'000'123}},
                              {"", {}, {}, {}, {}},
                              {{}, std::numeric_limits<std::int64_t>::min(), 1e300, std::int64_t{0}, std::int64_t{0}}});
  EXPECT_EQ(files.at("a.csv"),
            "text,integer,number,yes,at\r\n"
            "'=a,-7,0.1,true,2023-11-14T22:13:20.123Z\r\n"
            "\"\",,,,\r\n"
            ",-9223372036854775808,1e+300,false,1970-01-01T00:00:00.000Z\r\n");
  const auto json = core::parse_json(files.at("a.json"));
  EXPECT_EQ(json.find("title")->text(), "A part");
  EXPECT_EQ(json.find("columns")->elements().size(), 5U);
  EXPECT_EQ(json.find("columns")->elements()[4].find("type")->text(), "moment");
  const auto rows = rows_in(files.at("a.json"));
  ASSERT_EQ(rows.elements().size(), 3U);
  EXPECT_EQ(core::write_json(rows.elements()[0]),
            R"({"text":"=a","integer":-7,"number":0.1,"yes":true,"at":"2023-11-14T22:13:20.123Z"})");
  EXPECT_EQ(core::write_json(rows.elements()[1]), R"({"text":"","integer":null,"number":null,"yes":null,"at":null})");
}

TEST_F(part_writer_test, says_what_no_format_has_rather_than_to_fail) {
  const auto files = written({{"number", value_type::number, ""}, {"at", value_type::moment, ""}},
                             {{std::numeric_limits<double>::infinity(), std::numeric_limits<std::int64_t>::max()}});
  EXPECT_EQ(files.at("a.csv"), "number,at\r\ninf,9223372036854775807 ms since 1970\r\n");
  EXPECT_EQ(core::write_json(rows_in(files.at("a.json"))),
            R"([{"number":"inf","at":"9223372036854775807 ms since 1970"}])");
}

TEST_F(part_writer_test, leaves_no_line_that_a_reader_would_skip) {
  EXPECT_EQ(written({{"only", value_type::text, ""}}, {{{}}, {"a"}}).at("a.csv"), "only\r\n\"\"\r\na\r\n");
}

TEST_F(part_writer_test, of_no_row_writes_no_file) {
  EXPECT_TRUE(written({{"only", value_type::text, ""}}, {}).empty());
}

TEST_F(part_writer_test, refuses_a_row_that_does_not_fit) {
  zip_file out(folder_.path() / "a.zip");
  collected_part about;
  about.columns = {{"text", value_type::text, ""}};
  part_writer part(out, about, "a.csv", "a.json", folder_.path());
  EXPECT_THROW(part.add(row{}), core::error);
  EXPECT_THROW(part.add(row{std::int64_t{1}}), core::error);
  EXPECT_NO_THROW(part.add(row{"1"}));
}

TEST_F(part_writer_test, keeps_rows_that_are_longer_than_its_memory) {
  const std::string text(1000, 'x');
  const std::size_t count = 3 * spool::max_bytes_in_memory / text.size();
  const auto files = written({{"text", value_type::text, ""}}, std::vector<row>(count, row{text}));
  const auto rows = core::parse_json(files.at("a.json"));
  ASSERT_EQ(rows.find("rows")->elements().size(), count);
  EXPECT_EQ(rows.find("rows")->elements().back().find("text")->text(), text);
  EXPECT_EQ(files.at("a.csv").size(), std::string("text\r\n").size() + count * (text.size() + 2));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), std::filesystem::directory_iterator()),
            1);
}

}  // namespace
}  // namespace eunomia::subject
