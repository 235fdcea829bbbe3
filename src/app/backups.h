#pragma once

#include <filesystem>
#include <string>

#include "app/data_directory.h"
#include "job/jobs.h"

namespace eunomia::app {

// Backups by jobs of the kind "backup", each in a folder of its own name below one folder: eunomia-20260301T093000Z-7,
// for when it was begun and the number of the job.
class backups {
 public:
  static constexpr std::string_view kind = "backup";

  // Adds its kind of job, unless the folder is empty: before jobs.start(). Both must outlive it. Throws
  // errc::invalid_argument for a folder within the data directory, which would not survive it.
  backups(job::jobs& jobs, data_directory& data, const std::filesystem::path& data_folder,
          const std::filesystem::path& folder);

  // The kind of its jobs; empty when there is no folder for them.
  std::string kind_of_jobs() const { return folder_.empty() ? std::string() : std::string(kind); }

 private:
  std::string run(const job::record& what, core::job& job);

  data_directory& data_;
  std::filesystem::path folder_;
};

}  // namespace eunomia::app
