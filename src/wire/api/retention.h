#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "subject/retention/retention.h"

// What was taken out because it was past its time, as the API and the command line show it.
namespace eunomia::wire::api {

// The arguments of a job of retention.
struct retention_order {
  std::optional<std::string> token;  // the label of who asked for it; none: the schedule
};
BOOST_DESCRIBE_STRUCT(retention_order, (), (token))

// Its result.
struct retention_result {
  std::int64_t run = 0;
  std::uint64_t people = 0;
};
BOOST_DESCRIBE_STRUCT(retention_result, (), (run, people))

struct retention_run_view {
  std::int64_t id = 0;
  std::string state;  // "under_way", "completed", "failed"
  std::string started_by;
  std::string began_at;
  std::optional<std::string> ended_at;
  std::vector<subject::purpose_kept> rules;
  std::vector<subject::certificate_step> steps;
  std::uint64_t people = 0;
  std::vector<std::int64_t> requests;
  std::optional<std::string> obstacle;
};
BOOST_DESCRIBE_STRUCT(retention_run_view, (),
                      (id, state, started_by, began_at, ended_at, rules, steps, people, requests, obstacle))
core::json_notes notes_of(const retention_run_view*);

struct retention_run_list {
  std::vector<retention_run_view> runs;
};
BOOST_DESCRIBE_STRUCT(retention_run_list, (), (runs))

retention_result result_of(const subject::retention_report& report);
retention_run_view view_of(const subject::retention_report& report);

}  // namespace eunomia::wire::api
