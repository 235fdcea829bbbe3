#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "core/json.h"
#include "job/jobs.h"

namespace eunomia::wire::api {

struct job_failure {
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(job_failure, (), (code, message))

// A job as the API shows it.
struct job_view {
  std::int64_t id = 0;
  std::string kind;
  std::string about;
  std::string state;
  std::optional<std::string> stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::optional<core::json_value> result;
  std::optional<job_failure> failure;
  std::string created_at;
  std::optional<std::string> started_at;
  std::optional<std::string> ended_at;
  std::int64_t attempts = 0;
};
BOOST_DESCRIBE_STRUCT(job_view, (),
                      (id, kind, about, state, stage, done, total, result, failure, created_at, started_at, ended_at,
                       attempts))

job_view view_of(const job::record& record);

}  // namespace eunomia::wire::api
