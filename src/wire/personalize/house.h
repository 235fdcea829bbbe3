#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/thread_pool.h"
#include "job/jobs.h"
#include "recommend/ab_tests.h"
#include "recommend/answering.h"
#include "recommend/background.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "wire/http/route.h"
#include "wire/personalize/anonymous_sessions.h"
#include "wire/personalize/arn.h"
#include "wire/personalize/metric_counts.h"
#include "wire/personalize/resource_cache.h"
#include "wire/personalize/resources.h"

namespace eunomia::wire::personalize {

class deletions;
class works;

// Where the files that clients name by s3://bucket/key lie. Throw errc::not_found for a bucket or key that there is
// not. Any thread.
class object_files {
 public:
  virtual ~object_files() = default;
  // The keys that begin so, ascending.
  virtual std::vector<std::string> keys(const std::string& bucket, std::string_view prefix) = 0;
  // Writes it to a file that is not there yet, which is as old then as the object: when it was written decides whom an
  // import of it may bring in.
  virtual void fetch(const std::string& bucket, const std::string& key, const std::filesystem::path& into) = 0;
  // type: of the content, as MIME says it: rows that say so lose those of whoever is erased.
  virtual void put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                   std::string_view type) = 0;
  // Where a bucket is, when it is not in this house, as those are told who are handed what people did: "s3://exports at
  // https://s3.example.com, which erasures do not search". Empty: it is here, and erasures search it.
  virtual std::string outside(const std::string& bucket) const = 0;
};

// What Personalize's operations translate to. All outlive them.
struct house {
  const resources& made;
  resource_cache& known;  // the same; changes are made through it
  works& work;
  deletions& leaving;
  // Held while one thing is made or removed in two places, in the table of resources and in what it stands for.
  std::mutex& making;
  anonymous_sessions& sessions;
  metric_counts& metrics;
  arn_maker arns;
  recommend::datasets& datasets;
  recommend::recommenders& recommenders;
  recommend::background& background;
  recommend::answering& answering;
  recommend::ab_tests& ab_tests;
  subject::durable_directory& people;
  subject::erasures& erasures;
  object_files& files;
  core::thread_pool& forget_pool;  // for the moment in which people leave what answers
  core::thread_pool& work_pool;
  core::purpose purpose;  // what personal rows are read for
  std::string user_space;
  std::filesystem::path incoming;  // folder for files on their way in
};

// Who may call what: those who build recommenders, and those who ask them and tell what people do.
inline http::access builders() {
  return http::access::roles(http::role::engineer);
}
inline http::access readers() {
  return http::access::roles(http::role::engineer, http::role::privacy_officer, http::role::service);
}
inline http::access callers() {
  return http::access::roles(http::role::engineer, http::role::service);
}

}  // namespace eunomia::wire::personalize
