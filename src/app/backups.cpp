#include "app/backups.h"

#include <fmt/format.h>

#include <algorithm>

#include "backup/backup.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/time.h"

namespace eunomia::app {

namespace fs = std::filesystem;

namespace {

// "2026-03-01T09:30:00.125Z" without what a file name should not have.
std::string name_of(const job::record& job) {
  std::string moment = core::format_iso8601(job.created_at).substr(0, 19);
  std::erase_if(moment, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("eunomia-{}Z-{}", moment, job.id);
}

bool within(const fs::path& inner, const fs::path& outer) {
  const fs::path relative = fs::weakly_canonical(inner).lexically_relative(fs::weakly_canonical(outer));
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

backups::backups(job::jobs& jobs, data_directory& data, const fs::path& data_folder, const fs::path& folder)
    : data_(data), folder_(folder) {
  if (folder_.empty()) {
    return;
  }
  if (within(folder_, data_folder)) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("--backup-folder {} lies in the data directory {}; name one elsewhere, best on "
                                  "another machine's disk",
                                  folder_.string(), data_folder.string()));
  }
  jobs.add_kind(std::string(kind), "backup",
                [this](const job::record& what, core::job& job) { return run(what, job); });
}

std::string backups::run(const job::record& what, core::job& job) {
  const fs::path folder = folder_ / name_of(what);
  // An attempt that was killed between its last file and the end of its job, or a backup that was restored: the job was
  // under way in its own snapshot.
  const backup::manifest made = what.attempts > 1 && fs::exists(folder / backup::manifest_name)
                                    ? backup::read_manifest(folder)
                                    : backup::make_backup(data_.what_to_back_up(), folder, job);
  core::log::info("backup made", {{"folder", folder.string()}, {"files", made.files.size()}});
  return core::write_json(backup::report_of(made, folder));
}

}  // namespace eunomia::app
