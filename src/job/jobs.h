#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "store/sql/database.h"

// Work that outlives a request, and the process: a row each in SQL, run one after another in the background.
//
//   queued -> running -> succeeded | failed | cancelled
//
// A state is durable, progress is in memory. A job that the process does not survive is queued again at the next start;
// one that fails stays failed, because what made it fail is still there.
namespace eunomia::job {

enum class state { queued, running, succeeded, failed, cancelled };
std::string_view name_of(state s) noexcept;

struct record {
  std::int64_t id = 0;    // from 1, in the order of submission
  std::string kind;       // "train"
  std::string about;      // what it is about, for people: "recommender shop"; never anything of a person
  std::string arguments;  // JSON, the handler's own; without raw identifiers of people
  state is = state::queued;
  bool cancel_requested = false;  // of a running job: it stops at its next check
  std::string stage;              // of the work under way, or where it ended: "import"
  std::uint64_t done = 0;         // units of the stage
  std::uint64_t total = 0;        // 0: unknown
  std::string result;             // JSON, when succeeded
  std::string error_code;         // name_of(errc), when failed
  std::string error_message;
  std::int64_t created_at = 0, started_at = 0, ended_at = 0;  // UTC ms; 0: not yet
  std::uint32_t attempts = 0;  // begun, this one included; an attempt ended by stop() does not count
  // Grows with every change, progress included, over a restart too: a watcher shows what is above what it showed last.
  std::uint64_t revision = 0;
};

// What a kind of job does. Must be able to begin anew after a kill at any moment: what it leaves half-done is undone or
// finished by the next attempt. Calls job.check() often enough that a stop of the server need not wait for it. Returns
// the result as JSON, at most max_result_bytes.
using handler = std::function<std::string(const record& what, core::job& job)>;

inline constexpr std::size_t max_name_bytes = 64;  // of a kind and of a lane
inline constexpr std::size_t max_about_bytes = 256;
inline constexpr std::size_t max_arguments_bytes = 16 * 1024;
inline constexpr std::size_t max_result_bytes = 64 * 1024;
inline constexpr std::size_t max_error_bytes = 4 * 1024;  // a longer message is cut
inline constexpr std::size_t max_lanes = 16;              // a thread each
inline constexpr std::size_t max_page = 200;

// None may be 0.
struct options {
  std::size_t max_queued = 1000;   // more: errc::unavailable
  std::uint32_t max_attempts = 3;  // of a job that the process did not survive: then it failed
  std::uint32_t keep_days = 30;    // ended jobs are kept so long
  std::size_t max_kept = 10'000;   // and so many, those that ended last
  // Lanes look for jobs by themselves so often, should nobody have woken them.
  std::chrono::milliseconds look_interval = std::chrono::seconds(10);
};

// The jobs of a database, which no other process may run at the same time. Any thread.
class jobs {
 public:
  // Brings the schema of this room up to date. The database must outlive it.
  explicit jobs(store::sql::database& database, const options& with = {});
  // Stops as stop() does.
  ~jobs();

  // Before start(), by one thread. lane: jobs of one lane run one after another, in the order they were submitted;
  // lanes run side by side, so that a forgetting need not wait for a long training. Throws errc::already_exists for a
  // kind that is there, errc::invalid_argument, errc::resource_exhausted above max_lanes.
  void add_kind(std::string kind, std::string lane, handler run);
  // Takes up what is queued, and what was running when the process ended. Jobs of kinds that nobody added (a newer
  // version's) are left as they are, and the log says so. Throws errc::failed_precondition when it is started.
  void start();
  // Lets no job begin, asks the running ones to stop and waits for them: those that stop are queued again and go on
  // with the next start(). Does nothing when it is not started.
  void stop();

  // Durable when it returns. Throws errc::invalid_argument for a kind that is not there or a text that is too long,
  // errc::unavailable when too many wait.
  record submit(std::string_view kind, std::string_view about, std::string_view arguments);
  // The same as a part of a larger change, for its id; call wake() after the transaction, or the job may begin
  // look_interval later.
  std::int64_t submit(store::sql::transaction& in, std::string_view kind, std::string_view about,
                      std::string_view arguments);
  void wake();

  // With the progress of this moment. Throws errc::not_found.
  record find(std::int64_t id) const;
  struct page {
    std::vector<record> jobs;  // newest first
    std::int64_t next = 0;     // pass as before; 0: there are no more
  };
  // count: 1 to max_page, else errc::invalid_argument. before 0: from the newest. kind empty: all.
  page list(std::size_t count, std::int64_t before = 0, std::string_view kind = {}) const;
  // Those of a kind that wait or run, oldest first, without the progress of this moment.
  std::vector<record> unfinished(std::string_view kind) const;
  // Whether the newest job of a kind, and about that where it is not empty, failed, and ended after a moment, UTC ms:
  // what is submitted by itself waits a while then.
  bool failed_since(std::int64_t moment, std::string_view kind, std::string_view about = {}) const;
  // A queued job is cancelled at once, a running one at its next check, or never when it ends before; it stays asked
  // to, over a restart too. Throws errc::not_found, errc::failed_precondition when it has ended.
  record cancel(std::int64_t id);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace eunomia::job
