#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "recommend/interactions.h"
#include "subject/directory.h"

namespace eunomia::recommend {

// Files of interactions, items or users in the column names of Personalize, as CSV (plain or gzip; comma, semicolon or
// tab; a header line) or Parquet, told apart by their first bytes. Column names are compared without case.
//
//   interactions  USER_ID, ITEM_ID, TIMESTAMP; optional EVENT_TYPE, EVENT_VALUE, IMPRESSION
//   items         ITEM_ID and metadata
//   users         USER_ID and metadata
//
// A TIMESTAMP is a number of seconds since 1970, fractions allowed, or of milliseconds from 100,000,000,000 on (that is
// March 1973 in ms, the year 5138 in s), or ISO 8601 with an offset or Z. EVENT_VALUE is a finite number or empty;
// IMPRESSION a list of item ids separated by '|'. Ids are 1 to 16,384 bytes of UTF-8 without control characters; they
// are taken as they stand, spaces and case too. Rows that repeat are kept: they are events.

// What becomes of a column that is neither one of these nor declared.
enum class undeclared_columns {
  refuse,  // an error that names them
  ignore,  // not imported
  declare  // declared as text metadata, and imported
};

struct import_options {
  std::map<std::string, std::string> columns = {};  // our name -> the file's: {"USER_ID", "customer_id"}
  std::vector<metadata_column> declare = {};        // declared with the import, where the dataset has not
  undeclared_columns undeclared = undeclared_columns::refuse;
  char delimiter = 0;  // 0: the first line tells
  // Bad rows go to this CSV (FILE, LINE, COLUMN, REASON, RECORD) instead of stopping the import.
  std::optional<std::filesystem::path> rejects = std::nullopt;
  bool allow_future = false;  // else a TIMESTAMP more than a day ahead is a bad row
  bool again = false;         // else a file whose bytes were imported before is refused
  // What the table had goes with the import: rows, not events that still wait, nor identifiers of people and items.
  bool replace = false;
};

struct import_report {
  std::uint64_t rows = 0;      // kept
  std::uint64_t rejected = 0;  // only with rejects
  std::map<std::string, std::uint64_t> rejected_by_reason;
  std::uint64_t new_users = 0;
  std::uint64_t new_items = 0;
  std::vector<std::string> declared;  // columns that the import declared
  std::vector<std::string> ignored;   // columns that it left out
  std::vector<std::string> warnings;
  std::int64_t first_time = 0;  // UTC ms of the oldest and newest event; 0: none
  std::int64_t last_time = 0;
  double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(import_report, (),
                      (rows, rejected, rejected_by_reason, new_users, new_items, declared, ignored, warnings, seconds))

// Imports all files in one piece: after an exception or a kill, nothing of them is there, no user, item or row. Items
// and users are upserted: the newest import of an id wins, as a whole row. Progress: stage "import", bytes of all
// files. Throws errc::invalid_argument naming file, line, column and value; errc::already_exists for a file imported
// before; errc::resource_exhausted when the disk is full.
import_report import_files(dataset& into, data_kind kind, std::span<const std::filesystem::path> files,
                           const import_options& options, core::thread_pool& pool, core::job& job);

// Reads files of interactions into memory, for work without a data directory; the same checks and errors. Columns that
// are not needed are ignored. Rows are in the order of the files.
interactions read_interactions(std::span<const std::filesystem::path> files, subject::directory& people,
                               const import_options& options, core::job& job, import_report* report = nullptr);

}  // namespace eunomia::recommend
