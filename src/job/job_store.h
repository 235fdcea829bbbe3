#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "job/jobs.h"
#include "store/sql/database.h"

// The table of jobs: a function for each thing that happens to one, within the caller's transaction.
namespace eunomia::job {

extern const std::span<const store::sql::migration> migrations;

// A record's revision is the number of its durable changes, moved up by this many bits, plus what changed in memory
// since: below 2^53, which JSON's readers keep exactly.
inline constexpr unsigned reports_bits = 32;

using kinds_view = std::span<const std::string_view>;

// Throws errc::unavailable when max_queued are waiting.
void check_queue(store::sql::connection& in, std::size_t max_queued);
std::int64_t insert(store::sql::transaction& in, std::string_view kind, std::string_view about,
                    std::string_view arguments);
// Throws errc::not_found.
record select(store::sql::connection& in, std::int64_t id);
jobs::page select_page(store::sql::connection& in, std::size_t count, std::int64_t before, std::string_view kind);
std::vector<record> select_unfinished(store::sql::connection& in, std::string_view kind);
bool any_queued(store::sql::connection& in, kinds_view kinds);

// The oldest queued job of these kinds, now running.
std::optional<record> take(store::sql::transaction& in, kinds_view kinds);

// How an attempt ended.
struct ending {
  state is = state::queued;  // queued: stopped before its end
  std::string stage;
  std::uint64_t done = 0, total = 0;
  std::string result, error_code, error_message;
};
// Ends the attempt that `begun` is the record of, as take() gave it. One that was stopped is cancelled when somebody
// asked for that, and else queued again. The state that it is in now; nothing when the attempt had been ended already.
std::optional<state> end(store::sql::transaction& in, const record& begun, const ending& how);

// What cancel() does; at_work: a lane of this process runs it, and will end it.
record request_cancel(store::sql::transaction& in, std::int64_t id, bool at_work);

// Puts back what was running when the process ended: queued again, cancelled if so asked, or failed after max_attempts.
void recover(store::sql::transaction& in, kinds_view kinds, std::uint32_t max_attempts);
// Jobs that wait or run of other kinds than these.
struct unknown_kind {
  std::string kind;
  std::uint64_t jobs = 0;
};
std::vector<unknown_kind> unknown_kinds(store::sql::connection& in, kinds_view known);

// Whether there are ended jobs that are too old or too many; and deletes them, at most a few thousand at a time.
bool must_prune(store::sql::connection& in, std::uint32_t keep_days, std::size_t max_kept);
void prune(store::sql::transaction& in, std::uint32_t keep_days, std::size_t max_kept);

}  // namespace eunomia::job
