#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "subject/audit/certificate.h"

// What somebody asked for under Articles 15 to 22, and how far it is: durable from the moment that it is acknowledged.
namespace eunomia::subject {

// A judgement about an erasure: an identifier that the search finds in a file is not that of the person, but a part of
// something else.
struct dismissed_find {
  std::string file;  // below the data directory; all of a folder when it ends in '/'
  std::string reason;
  std::string dismissed_by;  // actor::text()
  std::string dismissed_at;  // core::format_iso8601
};
BOOST_DESCRIBE_STRUCT(dismissed_find, (), (file, reason, dismissed_by, dismissed_at))

struct rights_request {
  std::int64_t id = 0;  // from 1
  certified_right right = certified_right::erasure;
  std::int64_t requested_at = 0;  // UTC ms
  std::int64_t deadline = 0;      // UTC ms: one month (Art. 12(3))
  std::int64_t completed_at = 0;  // 0: not yet
  std::string requested_by;       // actor::text()
  std::uint64_t people = 0;
  std::vector<certificate_step> steps;  // so far; without a level: found, and not dealt with yet
  std::uint32_t attempts = 0;           // to complete it that failed
  std::string obstacle;                 // why the last of them did; empty when none did
  bool certified = false;
  std::vector<dismissed_find> dismissed = {};
};

// The same day of the next month, or its last day when that has none: what Art. 12(3) allows, or a day less (Regulation
// 1182/71, Art. 3, moves an end on a holiday to the next working day; this does not).
std::int64_t one_month_after(std::int64_t ms);

}  // namespace eunomia::subject
