#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/job.h"
#include "migrate/destination.h"
#include "migrate/pseudonyms.h"
#include "migrate/report.h"
#include "migrate/source.h"

namespace eunomia::migrate {

// Of copy_options::folder: where rows lie on their way. A run that was killed leaves it full.
inline constexpr std::string_view rows_folder = "rows";

// How rows are copied.
struct copy_options {
  const pseudonyms* replaced = nullptr;  // null: identifiers stay as they are
  std::string space;                     // of the raw identifiers, where they are replaced
  bool again = false;                    // also where rows were copied before, or came otherwise
  std::filesystem::path folder;          // for files on their way; emptied after each dataset
};

// Copies the rows of one dataset, all of them: what the table here has is replaced, in one transaction. What is
// remembered of it rests beside the files, in an object about nobody: from where, how many rows, and whether it was
// completed, so that a copy which was killed is made anew, and one that was completed is not. Throws naming what stands
// in the way; then the table here is as it was, or the copy is made anew the next time.
data_result copy_data(source& from, const thing& there, const std::string& dataset_arn_here, const destination& to,
                      const copy_options& how, core::job& job);

// The salt that is kept sealed in the destination's bucket, made when there is none.
std::string salt_kept_at(const destination& to);

}  // namespace eunomia::migrate
