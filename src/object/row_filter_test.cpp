#include "object/row_filter.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "object/gzip.h"

namespace eunomia::object {
namespace {

std::string all_of(content& from, std::size_t at_a_time = 7) {
  std::string text;
  std::string piece(at_a_time, '\0');
  while (const std::size_t got = from.read(std::as_writable_bytes(std::span(piece)))) {
    text.append(piece, 0, got);
  }
  return text;
}

const std::vector<subject::person_name> ann = {{"user", "ann@example.org", false}};
const std::vector<subject::person_name> short_ann = {{"shopper", "17850", false}};

struct filtered {
  std::string left;
  std::uint64_t out = 0;
  std::vector<std::string> rows;
};
filtered without(std::span<const subject::person_name> names, row_form form, std::string_view text) {
  const row_matcher whose(names);
  memory_content from(text);
  filtered made;
  row_filter rows(from, form, whose, [&](std::string_view row) { made.rows.emplace_back(row); });
  made.left = all_of(rows);
  made.out = rows.left_out();
  return made;
}

TEST(row_filter, leaves_out_the_rows_of_csv_of_which_a_field_is_theirs) {
  const filtered made = without(ann, row_form::csv,
                                "a;mail\r\n1;bob\r\n2;ann@example.org\r\n\"x;\n;y\";\"ann@example.org\"\r\n3;to "
                                "ann@example.org\r\n4;\"\"\"q\"\"\"");
  EXPECT_EQ(made.left, "a;mail\r\n1;bob\r\n3;to ann@example.org\r\n4;\"\"\"q\"\"\"");
  EXPECT_EQ(made.out, 2U);
  EXPECT_EQ(made.rows[0], "2;ann@example.org");
}

TEST(row_filter, keeps_the_header_whatever_it_says) {
  EXPECT_EQ(without(ann, row_form::csv, "ann@example.org,x\n1,2\n").left, "ann@example.org,x\n1,2\n");
  EXPECT_EQ(without(ann, row_form::csv, "").left, "");
}

TEST(row_filter, takes_short_identifiers_for_theirs_in_columns_of_people_only) {
  EXPECT_EQ(without(short_ann, row_form::csv, "USER_ID,PRICE\n17850,1\n2,17850\n").left, "USER_ID,PRICE\n2,17850\n");
  EXPECT_EQ(without(short_ann, row_form::csv, "Shopper Id,X\n17850,1\n").left, "Shopper Id,X\n");
  EXPECT_EQ(without(short_ann, row_form::csv, "item,X\n17850,1\n").out, 0U);
  const std::vector<subject::person_name> item_too = {{"user", "wonderland", true}};
  EXPECT_EQ(without(item_too, row_form::csv, "user,item\nbob,wonderland\nwonderland,tea\n").left,
            "user,item\nbob,wonderland\n");
}

TEST(row_filter, leaves_out_lines_of_json_that_hold_theirs_anywhere) {
  const filtered made = without(ann, row_form::json_lines,
                                "{\"a\": {\"b\": [1, \"ann@example.org\"]}}\n\n{\"a\": \"of ann@example.org\"}\n"
                                "{\"ann@example.org\": 1}\n");
  EXPECT_EQ(made.left, "\n{\"a\": \"of ann@example.org\"}\n{\"ann@example.org\": 1}\n");
  EXPECT_EQ(without(short_ann, row_form::json_lines, "{\"userId\":17850}\n{\"n\":17850}\n").left, "{\"n\":17850}\n");
}

TEST(row_filter, says_of_what_does_not_consist_of_rows_that_it_does_not) {
  EXPECT_THROW(without(ann, row_form::json_lines, "{\"a\": \n"), core::error);
  EXPECT_THROW(without(ann, row_form::csv, std::string(max_row_bytes + (std::size_t{1} << 20), 'x')), core::error);
}

TEST(row_forms, are_told_by_name_and_type) {
  EXPECT_EQ(row_form_of("a/b.CSV", ""), row_form::csv);
  EXPECT_EQ(row_form_of("b.tsv.gz", ""), row_form::csv);
  EXPECT_EQ(row_form_of("b.ndjson", ""), row_form::json_lines);
  EXPECT_EQ(row_form_of("b", "text/csv; charset=utf-8"), row_form::csv);
  EXPECT_EQ(row_form_of("b.py", "text/plain"), std::nullopt);
  EXPECT_EQ(row_form_of("csv", ""), std::nullopt);
}

TEST(gzip, is_read_as_it_was_written) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(i * 7919 % 10'007) + ",";
  }
  memory_content plain(text);
  gzipped packed(plain);
  const std::string twice = [&] {
    const std::string one = all_of(packed, 1000);
    return one + one;
  }();
  memory_content from(twice);
  gunzipped back(from);
  EXPECT_EQ(all_of(back, 4096), text + text);
  memory_content cut(std::string_view(twice).substr(0, twice.size() - 5));
  gunzipped broken(cut);
  EXPECT_THROW(all_of(broken), core::error);
}

}  // namespace
}  // namespace eunomia::object
