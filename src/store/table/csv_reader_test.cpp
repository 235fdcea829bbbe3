#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <random>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "store/table/csv_writer.h"
#include "store/table/record_reader.h"

namespace eunomia::store::table {
namespace {

struct read_record {
  std::vector<std::string> fields;
  std::uint64_t line = 0;
  record_fault fault = record_fault::none;
  std::uint32_t fault_column = 0;
  std::string raw;
};

class csv_reader : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view content, const std::string& name = "t.csv") {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static std::string zipped(std::string_view content) {
    std::string out(compressBound(content.size()) + 64, '\0');
    z_stream stream = {};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }
  static std::vector<read_record> read_all(record_reader& reader) {
    std::vector<read_record> all;
    record_block block;
    while (reader.next(block)) {
      EXPECT_GT(block.size(), 0U);
      for (std::size_t i = 0; i < block.size(); ++i) {
        const auto fields = block.record(i);
        all.push_back({{fields.begin(), fields.end()},
                       block.line[i],
                       block.fault[i],
                       block.fault_column[i],
                       std::string(block.raw[i])});
      }
    }
    return all;
  }
  // All that is read, as one text to compare.
  std::string account_of(const std::filesystem::path& file, const csv_options& options) {
    const auto reader = open_csv(file, options);
    std::string account;
    for (const std::string& name : reader->header()) {
      account += name + '\n';
    }
    for (const read_record& r : read_all(*reader)) {
      account += std::to_string(r.line) + std::string(name_of(r.fault)) + std::to_string(r.fault_column) + r.raw + '\n';
      for (const std::string& field : r.fields) {
        account += field + '\n';
      }
    }
    return account;
  }
  std::vector<read_record> read(std::string_view content, const csv_options& options = {}) {
    return read_all(*open_csv(write(content), options));
  }
  static std::vector<std::string> fields(std::initializer_list<std::string> list) { return list; }
  template <class Body>
  static std::string message_of(core::errc expected, Body body) {
    try {
      body();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), expected) << problem.what();
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  core::temporary_directory folder_;
};

TEST_F(csv_reader, reads_the_same_through_a_window_of_any_size) {
  const auto file = write(
      "\xef\xbb\xbfname,\"a \"\"quoted\"\" "
      "one\"\r\n\r\nann,1\n\"two\nlines\",\"\"\n1\n1,2,3\n\xff,2\n\"x\"y,2\r\nlong " +
      std::string(300, 'o') + ",2");
  const std::string whole = account_of(file, {.delimiter = ','});
  for (std::size_t bytes = 1; bytes < 200; ++bytes) {
    EXPECT_EQ(account_of(file, {.delimiter = ',', .window_bytes = bytes}), whole) << bytes;
  }
}

TEST_F(csv_reader, gives_the_fields_of_each_record_with_its_line) {
  const auto reader = open_csv(write("a,b\n1,2\n3,4\n"));
  EXPECT_EQ(reader->header(), fields({"a", "b"}));
  const auto all = read_all(*reader);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].fields, fields({"1", "2"}));
  EXPECT_EQ(all[0].line, 2U);
  EXPECT_EQ(all[1].fields, fields({"3", "4"}));
  EXPECT_EQ(all[1].line, 3U);
  EXPECT_EQ(all[1].raw, "3,4");
}

TEST_F(csv_reader, takes_quotes_commas_and_line_breaks_inside_quotes) {
  const auto all = read("a,b\n\"x, \"\"y\"\"\",\"one\r\ntwo\nthree\"\n\"\",z\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].fields, fields({"x, \"y\"", "one\r\ntwo\nthree"}));
  EXPECT_EQ(all[1].fields, fields({"", "z"}));
  EXPECT_EQ(all[1].line, 5U);
}

TEST_F(csv_reader, takes_a_quote_inside_an_unquoted_field_as_text) {
  EXPECT_EQ(read("a,b\n5\" nail,x\"y\"\n").at(0).fields, fields({"5\" nail", "x\"y\""}));
}

TEST_F(csv_reader, takes_crlf_and_a_byte_order_mark_and_no_last_line_feed) {
  const auto reader =
      open_csv(write("\xef\xbb\xbf"
                     "a,b\r\n1,\"2\"\r\n3,4"));
  EXPECT_EQ(reader->header(), fields({"a", "b"}));
  const auto all = read_all(*reader);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].fields, fields({"1", "2"}));
  EXPECT_EQ(all[1].fields, fields({"3", "4"}));
}

TEST_F(csv_reader, finds_the_delimiter_in_the_header_line) {
  EXPECT_EQ(read("a;b\n1,5;2\n").at(0).fields, fields({"1,5", "2"}));
  EXPECT_EQ(read("a\tb\n1,5\t2\n").at(0).fields, fields({"1,5", "2"}));
  EXPECT_EQ(read("\"a;;;;\",b\n1,2\n").at(0).fields, fields({"1", "2"}));
}

TEST_F(csv_reader, uses_the_delimiter_it_is_given) {
  EXPECT_EQ(read("a,x;b\n1;2\n", {.delimiter = ';'}).at(0).fields, fields({"1", "2"}));
}

TEST_F(csv_reader, skips_empty_lines_and_counts_them) {
  const auto all = read("\na,b\n\n1,2\r\n\r\n\n3,4\n\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].line, 4U);
  EXPECT_EQ(all[1].line, 7U);
}

TEST_F(csv_reader, marks_a_record_with_too_few_or_too_many_fields_and_goes_on) {
  const auto all = read("a,b\n1\n1,2,3\n4,5\n");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].fault, record_fault::too_few_fields);
  EXPECT_EQ(all[0].fault_column, 1U);
  EXPECT_EQ(all[1].fault, record_fault::too_many_fields);
  EXPECT_EQ(all[1].raw, "1,2,3");
  EXPECT_EQ(all[2].fault, record_fault::none);
  EXPECT_EQ(all[2].fields, fields({"4", "5"}));
}

TEST_F(csv_reader, marks_bad_text) {
  using namespace std::string_literals;
  const auto all = read("a,b\n1,\xff\xfe\n1,x\0y\n\"q\"z,1\nok,\xc3\xa9\xf0\x9f\x98\x80\n"s);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].fault, record_fault::not_utf8);
  EXPECT_EQ(all[0].fault_column, 1U);
  EXPECT_EQ(all[1].fault, record_fault::nul_byte);
  EXPECT_EQ(all[2].fault, record_fault::bad_quotes);
  EXPECT_EQ(all[3].fields, fields({"ok", "\xc3\xa9\xf0\x9f\x98\x80"}));
}

TEST_F(csv_reader, marks_a_field_longer_than_the_limit) {
  const std::string longest(max_field_bytes, 'x');
  const auto all = read("a,b\n" + longest + ",1\n" + longest + "x,2\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].fields[0], longest);
  EXPECT_EQ(all[1].fault, record_fault::too_long);
}

TEST_F(csv_reader, refuses_a_quote_that_is_never_closed_and_names_its_line) {
  const std::string message = message_of(core::errc::invalid_argument, [&] { read("a,b\n1,2\n\"open,3\n4,5\n"); });
  EXPECT_NE(message.find("t.csv:3"), std::string::npos) << message;
  EXPECT_NE(message.find("never closed"), std::string::npos) << message;
}

TEST_F(csv_reader, refuses_a_record_beyond_the_limit_instead_of_holding_it) {
  const std::string content = "a,b\n\"" + std::string(max_record_bytes + 4'000'000, '\n');
  const std::string message = message_of(core::errc::invalid_argument, [&] { read(content); });
  EXPECT_NE(message.find("max_record_bytes"), std::string::npos) << message;
}

TEST_F(csv_reader, refuses_an_empty_file) {
  message_of(core::errc::invalid_argument, [&] { read(""); });
  message_of(core::errc::invalid_argument, [&] { read("\n\n"); });
}

TEST_F(csv_reader, gives_no_records_for_a_header_alone) {
  EXPECT_TRUE(read("a,b\n").empty());
  EXPECT_TRUE(read("a,b").empty());
}

TEST_F(csv_reader, names_a_file_that_is_not_there) {
  message_of(core::errc::not_found, [&] { open_csv(folder_.path() / "absent.csv"); });
}

TEST_F(csv_reader, reads_gzip_by_its_first_bytes_and_several_members) {
  const auto path = write(zipped("a,b\n1,2\n") + zipped("3,4\n"), "plain_name.csv");
  const auto all = read_all(*open_csv(path));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].fields, fields({"3", "4"}));
}

TEST_F(csv_reader, refuses_a_gzip_file_cut_anywhere) {
  std::string content = "a,b\n";
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    content += std::to_string(random()) + "," + std::to_string(i) + "\n";
  }
  const std::string whole = zipped(content);
  for (std::size_t cut = 3; cut < whole.size(); cut += whole.size() / 37) {
    const auto path = write(whole.substr(0, cut), "cut.csv.gz");
    const std::string message = message_of(core::errc::invalid_argument, [&] { read_all(*open_csv(path)); });
    EXPECT_NE(message.find("cut.csv.gz"), std::string::npos) << message;
  }
}

TEST_F(csv_reader, refuses_an_altered_gzip_file) {
  std::string whole = zipped("a,b\n" + std::string(5000, '1') + ",2\n");
  whole[whole.size() - 6] = static_cast<char>(whole[whole.size() - 6] ^ 1);  // in the CRC
  const auto path = write(whole);
  message_of(core::errc::invalid_argument, [&] { read_all(*open_csv(path)); });
}

TEST_F(csv_reader, gives_back_what_the_writer_wrote_whatever_the_text) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces = {",",    ";",  "\t",          "\"",  "\"\"", "\n", "\r",
                                           "\r\n", " ",  "a",           "1.5", "é",    "😀",  std::string(100, 'x'),
                                           "'",    "\\", "\xef\xbb\xbf"};
  std::vector<std::vector<std::string>> rows;
  const std::size_t columns = 2 + random() % 5;
  for (std::size_t r = 0; r < 3000; ++r) {
    auto& row = rows.emplace_back();
    for (std::size_t c = 0; c < columns; ++c) {
      std::string& field = row.emplace_back();
      for (std::size_t n = random() % 6; n > 0; --n) {
        field += pieces[random() % pieces.size()];
      }
      if (random() % 500 == 0) {
        field += std::string(random() % 300'000, '"');
      }
    }
  }
  for (const char* name : {"round.csv", "round.csv.gz"}) {
    const auto path = folder_.path() / name;
    csv_writer out(path);
    for (std::size_t c = 0; c < columns; ++c) {
      out.text("c" + std::to_string(c));
    }
    out.end_record();
    for (const auto& row : rows) {
      for (const auto& field : row) {
        out.text(field);
      }
      out.end_record();
    }
    out.finish();
    const auto all = read_all(*open_csv(path, {.delimiter = ','}));
    ASSERT_EQ(all.size(), rows.size());
    std::uint64_t line = 2;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      ASSERT_EQ(all[r].fault, record_fault::none) << r;
      ASSERT_EQ(all[r].fields, rows[r]) << r;
      ASSERT_EQ(all[r].line, line) << r;
      line += 1 + static_cast<std::uint64_t>(std::count(all[r].raw.begin(), all[r].raw.end(), '\n'));
    }
  }
}

TEST_F(csv_reader, shows_a_value_cut_and_without_control_characters) {
  EXPECT_EQ(shown("a\x01\xff"), "\"a\\x01\\xff\"");
  EXPECT_NE(shown(std::string(10'000, 'x')).find("(10000 bytes)"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::store::table
