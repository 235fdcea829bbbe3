#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/sql/database.h"
#include "subject/audit/certificate.h"

// The table of follow-ups: a row for each erasure that was certified with steps that were still to come true
// (certificate_step::until), and its second certificate once they have. Functions within the caller's transaction.
namespace eunomia::subject::follow_up_table {

// After those of the requests, which they read.
std::span<const store::sql::migration> migrations();

struct waiting {
  std::int64_t request = 0;
  std::int64_t due = 0;  // by when the last of its steps was to have come true, UTC ms
};

// Expects a follow-up of the request if any of its steps is still to come true.
void expect(store::sql::transaction& in, std::int64_t request, std::span<const certificate_step> steps);
// Of completed requests, by request.
std::vector<waiting> all_waiting(store::sql::connection& in);
bool any_waiting(store::sql::connection& in);
// The follow-up is written, and waits no more.
void keep(store::sql::transaction& in, std::int64_t request, std::string_view certificate, std::int64_t now);
// Empty while there is none.
std::string certificate_of(store::sql::connection& in, std::int64_t request);

}  // namespace eunomia::subject::follow_up_table
