#include "migrate/data_copy.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/seal.h"
#include "core/time.h"
#include "migrate/json_members.h"
#include "migrate/rows.h"

namespace eunomia::migrate {

namespace {

using core::errc;
using core::json_value;
namespace fs = std::filesystem;

// Kept and shown by AWS's operations, and taken on by nobody here.
constexpr std::string_view role_here = "arn:aws:iam::000000000000:role/eunomia-migration";
constexpr std::string_view salt_key = "personalize/salt";

// What is remembered of a copy.
struct copy_note {
  std::string source_arn;
  std::string state;  // "copying" or "done"
  std::uint64_t source_rows = 0;
  std::string salt_mark;  // empty: without pseudonyms
  std::optional<std::uint64_t> people_linked;
  std::string at;
};
BOOST_DESCRIBE_STRUCT(copy_note, (), (source_arn, state, source_rows, salt_mark, people_linked, at))

constexpr std::string_view copying = "copying";
constexpr std::string_view done = "done";

std::string key_of(const thing& dataset) {
  return fmt::format("personalize/{}/{}", dataset.group, dataset.dataset_type());
}

// Empties a folder, whatever becomes of the copy.
class emptied_folder {
 public:
  explicit emptied_folder(fs::path folder) : folder_(std::move(folder)) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~emptied_folder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  emptied_folder(const emptied_folder&) = delete;
  emptied_folder& operator=(const emptied_folder&) = delete;
  const fs::path& path() const { return folder_; }

 private:
  fs::path folder_;
};

// Objects of the destination's bucket below a prefix, which go whatever becomes of the import.
class passing_objects {
 public:
  passing_objects(const destination& to, std::string prefix) : to_(to), prefix_(std::move(prefix)) { remove(); }
  ~passing_objects() {
    try {
      remove();
    } catch (const core::error& problem) {
      core::log::warning("objects of a copy stay until the next copy of the dataset, which removes them first",
                         {{"prefix", prefix_}, {"why", problem.kept_message()}});
    }
  }
  passing_objects(const passing_objects&) = delete;
  passing_objects& operator=(const passing_objects&) = delete;

  void put(const std::vector<fs::path>& files, core::job& job) const {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const bool is_gzip = files[i].extension() == ".gz";
      to_.files.put(to_.bucket, fmt::format("{}{}.csv{}", prefix_, i, is_gzip ? ".gz" : ""), files[i],
                    is_gzip ? "application/gzip" : "text/csv");
      job.report("send the rows", i + 1, files.size());
    }
  }
  std::string location() const { return fmt::format("s3://{}/{}", to_.bucket, prefix_); }

 private:
  void remove() const {
    for (const std::string& key : to_.files.keys(to_.bucket, prefix_)) {
      to_.files.remove(to_.bucket, key);
    }
  }

  const destination& to_;
  const std::string prefix_;
};

class copy {
 public:
  copy(source& from, const thing& there, std::string arn_here, const destination& to, const copy_options& how,
       core::job& job)
      : from_(from), there_(there), arn_here_(std::move(arn_here)), to_(to), how_(how), job_(job) {
    result_.group = there.group;
    result_.type = there.dataset_type();
  }

  data_result run() {
    const auto before = note();
    result_.rows_here = to_.rows_of(there_.group, result_.type);
    if (!how_.again && before && before->state == done) {
      compare(*before);
      return std::move(result_);
    }
    if (!how_.again && !before && result_.rows_here > 0) {
      result_.became = outcome::different;
      result_.details = "rows are here that no migration brought; --refresh-data puts the source's in their place";
      return std::move(result_);
    }
    copy_all();
    return std::move(result_);
  }

 private:
  std::string note_key() const { return key_of(there_) + ".json"; }

  std::optional<copy_note> note() const {
    try {
      return core::read_json<copy_note>(to_.files.get_text(to_.bucket, note_key()));
    } catch (const core::error& problem) {
      if (problem.code() == errc::not_found) {
        return std::nullopt;
      }
      throw;
    }
  }

  void keep(copy_note one) const {
    one.source_arn = there_.arn;
    one.salt_mark = salt_mark();
    one.at = core::format_iso8601(core::now_ms());
    to_.files.put_text(to_.bucket, note_key(), core::write_json(one));
  }

  std::string salt_mark() const { return how_.replaced == nullptr ? "" : how_.replaced->mark(); }

  void compare(const copy_note& before) {
    result_.source_rows = before.source_rows;
    result_.people_linked = before.people_linked;
    result_.became = outcome::different;
    if (before.source_arn != there_.arn) {
      result_.details =
          fmt::format("the rows here came from {}; --refresh-data puts others in their place", before.source_arn);
    } else if (before.salt_mark != salt_mark()) {
      result_.details =
          "the rows here were copied without pseudonyms, or with another salt; --refresh-data copies them again";
    } else if (before.source_rows != result_.rows_here) {
      result_.details = fmt::format(
          "rows came or went here since they were copied at {}; --refresh-data puts the "
          "source's in their place",
          before.at);
    } else {
      result_.became = outcome::matched;
      result_.details = fmt::format("copied at {}", before.at);
    }
  }

  void copy_all() {
    const emptied_folder folder(how_.folder / rows_folder);
    std::vector<fs::path> files = from_.fetch_rows(there_, folder.path(), job_);
    const counted_rows counted = copy_rows(files, result_.type, how_.replaced, folder.path(), job_);
    const bool counts_once = counted.distinct > 0;
    result_.source_rows = counts_once ? counted.distinct : counted.rows;
    if (how_.replaced != nullptr && !counted.people.empty()) {
      for (std::size_t i = 0; i < files.size(); ++i) {
        files[i] = folder.path() / fmt::format("part-{}.csv", i);
      }
    }
    copy_note now;
    now.state = copying;
    now.source_rows = result_.source_rows;
    keep(now);
    if (counted.rows > 0) {
      import(files);
      link(counted.people);
    }
    result_.rows_here = to_.rows_of(there_.group, result_.type);
    result_.became = result_.rows_here == result_.source_rows ? outcome::created : outcome::different;
    result_.details = from_.remark();
    if (result_.became == outcome::different) {
      result_.details += fmt::format("{}{} rows at the source and {} here", result_.details.empty() ? "" : "; ",
                                     result_.source_rows, result_.rows_here);
    }
    now.state = done;
    now.people_linked = result_.people_linked;
    keep(now);
  }

  void import(const std::vector<fs::path>& files) {
    const passing_objects objects(to_, key_of(there_) + "/");
    objects.put(files, job_);
    json_value input = object_of("jobName", fmt::format("eunomia-migration-{:016x}", core::random_number()));
    input = with(std::move(input), "datasetArn", arn_here_);
    input = with(std::move(input), "dataSource", object_of("dataLocation", objects.location()));
    input = with(std::move(input), "roleArn", role_here);
    input = with(std::move(input), "importMode", "FULL");
    const json_value answer = to_.personalize.call("CreateDatasetImportJob", input);
    job_.report(fmt::format("import {}", there_.identity()), 0, 0);
    wait_until_active(to_.personalize, "DatasetImportJob", "datasetImportJob", text_of(answer, "datasetImportJobArn"),
                      job_);
  }

  // Whoever is not known any more was erased between the import and now.
  void link(const std::unordered_set<std::string>& people) {
    if (how_.replaced == nullptr) {
      return;
    }
    std::uint64_t linked = 0;
    std::uint64_t seen = 0;
    destination::links next;
    for (const std::string& raw : people) {
      next.emplace_back(how_.replaced->of(raw), raw);
      if (++seen == people.size() || next.size() == destination::max_links) {
        job_.check();
        linked += to_.link(how_.space, std::exchange(next, {}));
        job_.report("link people", seen, people.size());
      }
    }
    if (!people.empty()) {
      result_.people_linked = linked;
    }
  }

  source& from_;
  const thing& there_;
  const std::string arn_here_;
  const destination& to_;
  const copy_options& how_;
  core::job& job_;
  data_result result_;
};

}  // namespace

data_result copy_data(source& from, const thing& there, const std::string& dataset_arn_here, const destination& to,
                      const copy_options& how, core::job& job) {
  return copy(from, there, dataset_arn_here, to, how, job).run();
}

std::string salt_kept_at(const destination& to) {
  const std::string key(salt_key);
  try {
    return to.files.get_text(to.bucket, key);
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
  }
  const std::string salt = pseudonyms::new_salt();
  to.files.put_text(to.bucket, key, salt);
  return salt;
}

}  // namespace eunomia::migrate
