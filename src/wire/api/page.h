#pragma once

#include <boost/describe.hpp>
#include <cstdint>

#include "core/json_schema.h"
#include "subject/audit/audit_log.h"

namespace eunomia::wire::api {

// The parameters of a list that is shown newest first, by id.
struct page_before {
  std::int64_t before = 0;
  std::uint64_t count = 100;
};
BOOST_DESCRIBE_STRUCT(page_before, (), (before, count))
inline core::json_notes notes_of(const page_before*) {
  return {{"before", {.text = "The smallest id of the page before", .least = 0}},
          {"count", {.text = "How many", .least = 1, .most = subject::max_audit_page}}};
}

}  // namespace eunomia::wire::api
