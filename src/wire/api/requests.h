#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "subject/erasure/erasures.h"

// What people ask for under the GDPR, as the API and the command line read and show it.
namespace eunomia::wire::api {

// Of one request; more people need several.
inline constexpr std::size_t max_people_of_an_erasure = 10'000;

struct people_to_erase {
  std::vector<std::string> users;
  std::optional<std::string> space;  // of all of them
};
BOOST_DESCRIBE_STRUCT(people_to_erase, (), (users, space))
core::json_notes notes_of(const people_to_erase*);

struct new_dismissal {
  std::string file;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(new_dismissal, (), (file, reason))
core::json_notes notes_of(const new_dismissal*);

struct request_view {
  std::int64_t id = 0;
  subject::certified_right right = subject::certified_right::erasure;
  std::string state;  // "under_way", "completed"
  std::uint64_t people = 0;
  std::string requested_by;
  std::string requested_at;
  std::string deadline;
  std::optional<std::string> completed_at;
  std::vector<subject::certificate_step> steps;
  std::uint64_t failed_attempts = 0;
  std::optional<std::string> obstacle;
  std::optional<subject::erasure_progress> progress;  // of an erasure that is under way
  std::optional<std::vector<subject::dismissed_find>> dismissed;
};
BOOST_DESCRIBE_STRUCT(request_view, (),
                      (id, right, state, people, requested_by, requested_at, deadline, completed_at, steps,
                       failed_attempts, obstacle, progress, dismissed))
core::json_notes notes_of(const request_view*);

struct request_list {
  std::vector<request_view> requests;
};
BOOST_DESCRIBE_STRUCT(request_list, (), (requests))

request_view view_of(const subject::rights_request& request);
// With what is being done for it.
request_view view_of(const subject::rights_request& request, const subject::erasures& all);

}  // namespace eunomia::wire::api
