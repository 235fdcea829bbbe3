#pragma once

#include <filesystem>
#include <memory>

#include "migrate/source.h"

// A folder with what a side has (docs/migration.md, "The folder"): personalize.json says what it is; one JSON file for
// each kind, "datasetGroups.json", with its things as Describe answers them and their tags; and below data/ a folder
// for each dataset, "data/shop/INTERACTIONS", with CSV files.
namespace eunomia::migrate {

inline constexpr int folder_format = 1;

struct exported {
  std::uint64_t things = 0;
  std::uint64_t datasets = 0;  // whose rows are in the folder
  std::uint64_t rows = 0;
};
// Into a folder that is empty or not there; readable by its owner only. The manifest is written last, so that a folder
// that is not whole is none. with_data: the rows too. Throws errc::already_exists for a folder in which something is.
exported write_export_folder(source& from, const group_names& only, bool with_data, const std::filesystem::path& folder,
                             core::job& job);

// Reads one. Throws errc::invalid_argument naming the file that is missing or wrong.
std::unique_ptr<source> open_export_folder(const std::filesystem::path& folder);

}  // namespace eunomia::migrate
