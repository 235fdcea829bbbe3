#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/job.h"
#include "migrate/pseudonyms.h"

namespace eunomia::migrate {

// What was counted, and met, in the files of one dataset.
struct counted_rows {
  std::uint64_t rows = 0;
  // Different values of the column that names a row: of items and people, of which the newest row counts.
  std::uint64_t distinct = 0;
  std::unordered_set<std::string> people = {};  // raw identifiers; only where they were replaced
};

inline constexpr std::size_t max_people_replaced = 50'000'000;  // of one dataset: they are in memory

// Reads the CSV files of a dataset, whole, so that a damaged one is found before anything is changed. type:
// "INTERACTIONS"; replaced: null: the rows stay as they are. into: a folder for the copies with pseudonyms in the
// column USER_ID, "part-0.csv" and so on, when replaced is not null. Throws errc::invalid_argument naming file and line
// of a record that is none, and errc::invalid_argument where the column that names rows is missing.
counted_rows copy_rows(const std::vector<std::filesystem::path>& files, std::string_view type,
                       const pseudonyms* replaced, const std::filesystem::path& into, core::job& job);

}  // namespace eunomia::migrate
