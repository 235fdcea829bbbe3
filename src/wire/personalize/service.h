#pragma once

#include <memory>
#include <mutex>

#include "job/jobs.h"
#include "wire/aws/json_service.h"
#include "wire/personalize/deletions.h"
#include "wire/personalize/house.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

// AWS Personalize: its three services as protocols of the one port, and what they begin by themselves.
class service {
 public:
  // What is of the house's: all outlive this.
  struct surroundings {
    store::sql::database& sql;
    job::jobs& jobs;  // not started yet
    recommend::datasets& datasets;
    recommend::recommenders& recommenders;
    recommend::background& background;
    recommend::answering& answering;
    recommend::ab_tests& ab_tests;
    subject::durable_directory& people;
    const subject::vault& keys;
    subject::erasures& erasures;
    object_files& files;
    core::thread_pool& forget_pool;
    core::thread_pool& work_pool;
    core::purpose purpose;
    std::string user_space;
    std::filesystem::path incoming;
    arn_maker arns;
  };

  // Brings the schema of this room up to date. who_calls: by signatures scoped to "personalize".
  service(const surroundings& in, const http::authenticator& who_calls, aws::replay_window& used);

  const http::protocol& control() const { return control_; }
  const http::protocol& runtime() const { return runtime_; }
  const http::protocol& events() const { return events_; }

  // After jobs.start().
  void mend() {
    work_.mend();
    leaving_.go_on();
    adopt_imported();
  }
  // Versions that were imported into the recommender of a solution become versions of the solution. Any thread.
  void adopt_imported() { adopt_imported_versions(house_); }
  // Begins what is due, at most once a minute, and reports what was counted.
  void look(std::int64_t now);

 private:
  resources made_;
  resource_cache known_;
  works work_;
  std::mutex making_;
  deletions leaving_;
  anonymous_sessions sessions_;
  metric_counts metrics_;
  house house_;
  aws::json_service control_;
  aws::json_service runtime_;
  aws::json_service events_;
  std::int64_t looked_at_ = 0;
  std::int64_t reported_at_ = 0;
};

}  // namespace eunomia::wire::personalize
