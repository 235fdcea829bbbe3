#include "wire/personalize/external_files.h"

#include <fmt/format.h>

namespace eunomia::wire::personalize {

namespace {

// A job waits for a bucket some seconds, and then fails with the reason: whoever stops the server waits for the job.
aws::patience of_jobs() {
  aws::patience how;
  how.tries = 5;
  return how;
}

// A recipient has a limit, and the name of a job stands beside it.
constexpr std::size_t most_of_a_url = 60;

}  // namespace

aws::s3_client external_files::client() const {
  return aws::s3_client(named_.at, named_.with, {}, of_jobs());
}

std::string external_files::outside(const std::string& bucket) const {
  return is_external(bucket) ? fmt::format("s3://{} at {}, which erasures do not search", bucket,
                                           named_.at.url.substr(0, most_of_a_url))
                             : own_.outside(bucket);
}

std::vector<std::string> external_files::keys(const std::string& bucket, std::string_view prefix) {
  return is_external(bucket) ? client().keys(bucket, prefix) : own_.keys(bucket, prefix);
}

void external_files::fetch(const std::string& bucket, const std::string& key, const std::filesystem::path& into) {
  is_external(bucket) ? client().get(bucket, key, into) : own_.fetch(bucket, key, into);
}

void external_files::put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                         std::string_view type) {
  is_external(bucket) ? client().put(bucket, key, from, type) : own_.put(bucket, key, from, type);
}

}  // namespace eunomia::wire::personalize
