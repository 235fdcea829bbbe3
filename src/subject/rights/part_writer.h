#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/json_writer.h"
#include "subject/custody/collector.h"
#include "subject/rights/spool.h"
#include "subject/rights/zip_file.h"

namespace eunomia::subject {

// A text as it stands in a CSV file. A spreadsheet takes a cell that begins with '=', '+', '-', '@' (their full-width
// forms too), a tab or a line break for a formula and runs it: such a text gets one apostrophe in front, and so does
// one that begins with an apostrophe, so that whoever takes a leading apostrophe away has the text as it was. JSON has
// it unchanged. Quoted where RFC 4180 asks for it, and where it is empty.
std::string csv_text(std::string_view text);

// The two files of one part. CSV (RFC 4180: UTF-8 without a mark, commas, CRLF, a first line of column names; a value
// that is absent is nothing, an empty text is "", and so is an absent one that is alone on its line) goes to the
// archive as rows come; JSON waits in a spool until the part ends. A part without rows has no file. In both, a moment
// is ISO 8601 in UTC, and yes_no true or false.
//
//   {"title": "…", "columns": [{"name": "ITEM_ID", "type": "text"}, …],
//    "rows": [
//   {"ITEM_ID":"…", …},
//   {"ITEM_ID":"…", …}
//   ]}
class part_writer {
 public:
  // csv, json: the names of the files. folder: for the spool. The archive outlives it.
  part_writer(zip_file& into, const collected_part& about, std::string csv, std::string json,
              const std::filesystem::path& folder);

  // Throws errc::internal for a row that does not fit the columns.
  void add(std::span<const collected_value> row);
  // Writes what is left; the number of rows. Call once.
  std::uint64_t finish();

 private:
  void add_csv(const part_column& column, const collected_value& value);
  static void add_json(core::json_writer& out, const part_column& column, const collected_value& value);

  zip_file& into_;
  std::string title_;
  std::vector<part_column> columns_;
  std::string csv_;
  std::string json_;
  std::string lines_;  // of CSV, not yet in the archive
  spool json_rows_;
  std::uint64_t rows_ = 0;
};

}  // namespace eunomia::subject
