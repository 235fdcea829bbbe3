#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/error.h"
#include "core/seal.h"
#include "migrate/json_members.h"
#include "migrate/source.h"

namespace eunomia::migrate {

namespace {

using core::errc;
using core::json_value;
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds first_look(100);
constexpr std::chrono::milliseconds longest_look(5'000);
constexpr std::chrono::milliseconds nap(100);
constexpr std::string_view our_exports = "eunomia-migration-";  // the names of jobs begin so

void sleep_checked(std::chrono::milliseconds time, core::job& job) {
  for (auto left = time; left.count() > 0; left -= nap) {
    job.check();
    std::this_thread::sleep_for(std::min(left, nap));
  }
}

class live_source final : public source {
 public:
  live_source(wire::aws::json_client& personalize, wire::aws::s3_client& files, export_place exports)
      : personalize_(personalize), files_(files), exports_(std::move(exports)) {}

  std::string where() const override { return personalize_.at().url; }

  inventory read(const group_names& only, core::job& job) override {
    return read_inventory(personalize_, only, [&](std::uint64_t known) { job.report("read the source", known, 0); });
  }

  std::vector<fs::path> fetch_rows(const thing& dataset, const fs::path& into, core::job& job) override {
    remark_.clear();
    if (exports_.bucket.empty()) {
      throw core::error(errc::invalid_argument,
                        "rows come through a bucket of the source: --bucket s3://bucket/folder and --role ARN, or "
                        "--without-data");
    }
    const std::string name = fmt::format("{}{:016x}", our_exports, core::random_number());
    const std::string of_dataset =
        fmt::format("{}eunomia-migration/{}/{}/", exports_.prefix, dataset.group, dataset.dataset_type());
    remove_earlier_exports(dataset, job);
    remove(exports_.bucket, of_dataset);
    const std::string prefix = of_dataset + name + "/";
    run_export(dataset, name, prefix, job);
    const std::vector<std::string> keys = files_.keys(exports_.bucket, prefix);
    std::vector<fs::path> copies;
    for (const std::string& key : keys) {
      if (key.ends_with(".csv") || key.ends_with(".csv.gz")) {
        copies.push_back(into / fmt::format("source-{}{}", copies.size(), key.ends_with(".gz") ? ".csv.gz" : ".csv"));
        files_.get(exports_.bucket, key, copies.back());
      }
    }
    if (copies.empty()) {
      throw core::error(errc::not_found,
                        fmt::format("the export job {} left no .csv below s3://{}/{}", name, exports_.bucket, prefix));
    }
    remove(exports_.bucket, prefix);
    return copies;
  }

  std::string remark() const override { return remark_; }

 private:
  // What runs that were killed left or still write, wherever their exports go. The service goes on with an export when
  // nobody waits for it, and would leave its rows where nobody looks again.
  void remove_earlier_exports(const thing& dataset, core::job& job) {
    for (const json_value& earlier :
         personalize_.list("ListDatasetExportJobs", object_of("datasetArn", dataset.arn), "datasetExportJobs")) {
      if (const std::string name = text_of(earlier, "jobName"); name.starts_with(our_exports)) {
        job.report(fmt::format("look after the export {} of an earlier run", name), 0, 0);
        remove_export(name, text_of(earlier, "datasetExportJobArn"), job);
      }
    }
  }

  void remove_export(const std::string& name, const std::string& arn, core::job& job) {
    const json_value answer = personalize_.call("DescribeDatasetExportJob", object_of("datasetExportJobArn", arn));
    const json_value* const described = member_of(answer, "datasetExportJob");
    const json_value* const output = described == nullptr ? nullptr : member_of(*described, "jobOutput");
    const json_value* const place = output == nullptr ? nullptr : member_of(*output, "s3DataDestination");
    try {
      wait_until_active(personalize_, "DatasetExportJob", "datasetExportJob", arn, job);
    } catch (const core::error& problem) {
      if (problem.code() != errc::failed_precondition) {
        throw;
      }
      // It failed, and writes no more.
    }
    constexpr std::string_view scheme = "s3://";
    const std::string path = place == nullptr ? std::string() : text_of(*place, "path");
    const std::size_t slash = path.find('/', scheme.size());
    // Only a folder of its own, as ours have: what else lies where somebody else's job of such a name wrote is theirs.
    if (path.starts_with(scheme) && slash != std::string::npos && path.ends_with("/" + name + "/")) {
      remove(path.substr(scheme.size(), slash - scheme.size()), path.substr(slash + 1));
    }
  }

  void run_export(const thing& dataset, const std::string& name, const std::string& prefix, core::job& job) {
    json_value input = object_of("jobName", name);
    input = with(std::move(input), "datasetArn", dataset.arn);
    input = with(std::move(input), "ingestionMode", "ALL");
    input = with(std::move(input), "roleArn", exports_.role);
    input = with(std::move(input), "jobOutput",
                 with(json_value::of_object(), "s3DataDestination",
                      object_of("path", fmt::format("s3://{}/{}", exports_.bucket, prefix))));
    const json_value answer = personalize_.call("CreateDatasetExportJob", input);
    job.report(fmt::format("export {} at the source", dataset.identity()), 0, 0);
    wait_until_active(personalize_, "DatasetExportJob", "datasetExportJob", text_of(answer, "datasetExportJobArn"),
                      job);
  }

  // Rows about people should not stay where nobody looks for them.
  void remove(const std::string& bucket, const std::string& below) {
    try {
      for (const std::string& key : files_.keys(bucket, below)) {
        files_.remove(bucket, key);
      }
    } catch (const core::error& problem) {
      remark_ = fmt::format("an export stays at s3://{}/{}: remove it; {}", bucket, below, problem.what());
    }
  }

  wire::aws::json_client& personalize_;
  wire::aws::s3_client& files_;
  const export_place exports_;
  std::string remark_;
};

}  // namespace

void wait_until_active(wire::aws::json_client& at, std::string_view pascal, std::string_view camel,
                       const std::string& arn, core::job& job) {
  const std::string operation = fmt::format("Describe{}", pascal);
  for (auto pause = first_look;; pause = std::min(pause * 3 / 2, longest_look)) {
    const json_value answer = at.call(operation, object_of(std::string(camel) + "Arn", arn));
    const json_value* const now = member_of(answer, camel);
    const std::string status = now == nullptr ? "" : text_of(*now, "status");
    // A schema has no status: it is there at once.
    if (status == "ACTIVE" || status.empty()) {
      return;
    }
    if (status.ends_with("FAILED") || status.ends_with("STOPPED")) {
      throw core::error(errc::failed_precondition,
                        fmt::format("{} is {}: {}", arn, status, text_of(*now, "failureReason")));
    }
    sleep_checked(pause, job);
  }
}

std::unique_ptr<source> open_live_source(wire::aws::json_client& personalize, wire::aws::s3_client& files,
                                         export_place exports) {
  return std::make_unique<live_source>(personalize, files, std::move(exports));
}

}  // namespace eunomia::migrate
