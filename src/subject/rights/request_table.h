#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/rights/request.h"

// The table of requests: a function for each thing that happens to one, within the caller's transaction.
namespace eunomia::subject::request_table {

std::span<const store::sql::migration> migrations();

// What leads to the people of a request that is not completed. It leaves the row when nothing is left of them.
struct open_case {
  std::int64_t id = 0;
  std::int64_t requested_at = 0;
  std::int64_t deadline = 0;
  std::uint64_t people_asked = 0;
  std::vector<core::subject_handle> people;
  core::subject_handle key;  // whose data key seals the traces; nobody when the case is closed
  std::string traces;        // sealed
  bool looked = false;       // the steps say what was found before anything was erased
  std::vector<certificate_step> steps;
  std::uint32_t attempts = 0;
  std::vector<dismissed_find> dismissed;

  // What leads to the people is gone; the certificate is there.
  bool closed() const { return key == core::subject_handle(); }
};

// The request of one right and one person that waits, if any.
std::optional<rights_request> find_open(store::sql::connection& in, certified_right of, core::subject_handle who);
// Everybody of whom a request waits, ascending.
std::vector<core::subject_handle> people_waiting(store::sql::connection& in);
// Ends what waits of people who are erased, but for the erasures: nothing in a row leads to them any more.
void end_for(store::sql::transaction& in, std::span<const core::subject_handle> gone, std::int64_t now);

// Its id.
std::int64_t insert(store::sql::transaction& in, const rights_request& made, const open_case& of);
// Not completed, by id.
std::vector<open_case> open_cases(store::sql::connection& in, certified_right of);
// The one of that id, to be changed. Throws errc::not_found; errc::failed_precondition when it is of another right, or
// closed.
open_case find_case(store::sql::connection& in, certified_right of, std::int64_t id);
// When the oldest of them came, UTC ms.
std::optional<std::int64_t> oldest_open(store::sql::connection& in, certified_right of);

// looked: with these steps all is said that there was.
void keep_steps(store::sql::transaction& in, std::int64_t id, std::span<const certificate_step> steps, bool looked);
void keep_obstacle(store::sql::transaction& in, std::int64_t id, std::string_view obstacle);
void keep_dismissed(store::sql::transaction& in, std::int64_t id, std::span<const dismissed_find> all);
// Nothing in the row leads to the people any more.
void close(store::sql::transaction& in, std::int64_t id, std::span<const certificate_step> steps,
           std::string_view certificate);
void complete(store::sql::transaction& in, std::int64_t id, std::int64_t now);

// Throws errc::not_found.
rights_request find(store::sql::connection& in, std::int64_t id);
// Newest first, with ids below `before` (0: from the newest).
std::vector<rights_request> list(store::sql::connection& in, std::int64_t before, std::size_t limit);
// Throws errc::not_found; errc::failed_precondition while there is none.
std::string certificate_of(store::sql::connection& in, std::int64_t id);

}  // namespace eunomia::subject::request_table
