#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "recommend/event.h"

namespace eunomia::recommend {

// What memory knows of the events of one dataset that wait in SQL: whose they are, so that a person's history and an
// erasure need no index over a table that is written all the time; and their keys, so that an event that is told twice
// is recognised before it is stored. About 100 bytes an event. Safe from any number of threads.
class event_buffer {
 public:
  struct row {
    std::int64_t id;  // in dataset_event; later events have greater ones
    core::subject_handle who;
    past_event what;
    std::optional<event_key> key;
  };
  struct snapshot {
    std::vector<past_event> events;  // in the order of their ids
    std::uint64_t clock = 0;         // of the last batch that it may hold
  };

  // Takes the keys of a batch for the caller, so that nobody else stores them meanwhile; waits while somebody else has
  // one of them. keys are distinct. Not taken, and false in the answer: those of events that wait already.
  std::vector<bool> claim(std::span<const event_key> keys);
  // Gives keys back that nothing was stored under.
  void release(std::span<const event_key> keys);

  // Rows that were committed, their keys claimed by the caller until now. The batch's clock, which counts batches.
  std::uint64_t add(std::span<const row> rows, std::int64_t recorded_at);

  snapshot of(core::subject_handle who) const;
  waiting_events waiting() const;

  // The events up to this id are in Parquet now. Their keys stay until forget_keys().
  void settled(std::int64_t last);
  void forget_keys(std::span<const event_key> keys);

  // The keys that memory has of one person: of what waits, and of what is settled and not in its table yet.
  std::vector<event_key> keys_of(core::subject_handle who) const;
  std::vector<std::int64_t> ids_of(std::span<const core::subject_handle> gone) const;
  void erase(std::span<const core::subject_handle> gone);

  // What a database holds, in place of what was known. Nobody may have claimed a key.
  void replace(std::span<const row> rows, std::span<const std::pair<event_key, core::subject_handle>> further_keys,
               std::int64_t oldest);

 private:
  struct waiting_event {
    std::int64_t id;
    past_event what;
  };

  void insert(const row& added);

  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::unordered_map<core::subject_handle, std::vector<waiting_event>> by_subject_;  // by id
  std::unordered_map<event_key, core::subject_handle> keys_;   // whose; 0, nobody: claimed, not committed
  std::deque<std::pair<std::int64_t, std::int64_t>> batches_;  // last id and when it was recorded
  std::uint64_t count_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace eunomia::recommend
