#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "core/admission.h"
#include "core/gate.h"
#include "core/job.h"
#include "core/published.h"
#include "core/subject_handle.h"
#include "core/thread_pool.h"
#include "recommend/admitted_people.h"
#include "recommend/event.h"
#include "recommend/event_buffer.h"
#include "recommend/event_checks.h"
#include "recommend/event_key_filter.h"
#include "recommend/event_rows.h"
#include "recommend/item_dictionary.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

namespace eunomia::recommend {

// The events of one dataset, from the application to its Parquet table. An event is durable as a row of dataset_event
// first. settle() moves rows to Parquet: their parts are named by the same transaction that raises the dataset's mark
// in dataset_settled, and a row up to the mark is not waiting any more, whenever it is deleted. So a kill at any moment
// leaves an event in one of the two places. event_buffer knows the waiting rows; it is rebuilt from SQL when the log is
// first used. One process has the database, and one log for a dataset.
class event_log {
 public:
  // What a log stands on; all must outlive it.
  struct house {
    store::sql::database& sql;
    store::table::table_store& tables;
    subject::durable_directory& people;
    const core::access_policy& access;
    std::atomic<std::int64_t>& last_event;  // the greatest id given to an event, of all datasets
  };
  // Called with what was stored before record() returns, from its thread.
  using observer = std::function<void(std::span<const recorded_event> stored, std::uint64_t clock)>;

  event_log(house in, std::int64_t dataset, std::string table, shared_items& items, event_type_names& types,
            observer stored, std::function<void()> unsure);

  // See dataset.h for these.
  record_report record(std::span<const event> batch, const dataset_description& into, const also_stored& also);
  std::uint64_t settle(core::thread_pool& pool, core::job& job);
  waiting_events waiting();
  void close_to(std::span<const core::subject_handle> people);
  void open_to(std::span<const core::subject_handle> people);

  // Runs what stores something of these people beside the events: errc::unavailable, and it is not run, when one of
  // them is being forgotten, and nobody begins to be forgotten while it runs.
  void while_open_to(std::span<const core::subject_handle> people, const std::function<void()>& store);
  // Throws errc::unavailable when one of them is being forgotten.
  void refuse_closed(std::span<const core::subject_handle> people);

  // Takes out the waiting events and the event keys of these people, then calls the rest of the erasure; nothing is
  // settled meanwhile. The number of events.
  std::uint64_t erase(std::span<const core::subject_handle> gone, const std::function<void()>& the_rest);
  // Runs what rewrites the table by itself, while nothing is settled or erased.
  void while_nothing_is_rewritten(const std::function<void()>& rewrite);
  // The same, while nobody scans a whole table of the dataset either.
  void while_nothing_is_scanned(const std::function<void()>& rewrite);
  // The dataset is about to be dropped: from here on nothing is recorded or settled, errc::not_found; or it was not.
  void stop();
  void resume();
  // Within the transaction that drops it.
  void drop(store::sql::transaction& in);

  // What waits of one person, and what rests, read by the callback: each event is in one of the two.
  event_buffer::snapshot read(core::subject_handle who, const std::function<void()>& read_table);
  // The same of many, each when it is asked for.
  using waiting_of = std::function<event_buffer::snapshot(core::subject_handle)>;
  void read_many(const std::function<void(const waiting_of&)>& read_table);
  // What waits altogether, and what rests, in the same way.
  waiting_events read_all(const std::function<void()>& read_table);
  // All of one person, at length: what rests, read by the first callback, then what waits, as the second reads it by id
  // (event_rows.h). Each event is in one of the two, because nothing settles meanwhile; recommendations go on.
  void read_rows(core::subject_handle who, const std::function<void()>& read_table,
                 const std::function<void(std::span<const std::int64_t> ids)>& read_waiting);
  // The keys that are kept of one person's events, the last recorded last; recorded_at 0: of late.
  std::vector<kept_key> keys_of(core::subject_handle who);
  // Runs a scan of the whole table while no event moves into it.
  void while_nothing_settles(const std::function<void()>& scan);

 private:
  class claim;

  void load_once();
  // Nothing when what waits must be read again first.
  std::optional<record_report> try_record(std::span<const checked_event> batch, const admissions& who_may,
                                          std::int64_t now, const also_stored& also);
  std::vector<std::size_t> fresh_events(std::span<const checked_event> batch, claim& keys);
  void refuse_stopped() const;
  std::int64_t mark(store::sql::connection& in) const;
  std::unique_ptr<store::table::appender> stage(std::int64_t first, std::int64_t last, core::thread_pool& pool,
                                                core::job& job);
  void delete_settled();
  void keep_keys(std::int64_t last);
  void delete_rows(std::int64_t last);
  void forget_old_keys();
  void fill_filter(std::uint64_t further);
  void unsure();

  house house_;
  const std::int64_t dataset_;
  const std::string table_;
  shared_items& items_;
  event_type_names& types_;
  const observer stored_;
  const std::function<void()> unsure_;

  event_buffer buffer_;
  core::published<event_key_filter> kept_;    // has every key of dataset_event_key
  std::shared_ptr<event_key_filter> filter_;  // the same, for who adds to it: under settling_
  std::uint64_t kept_keys_ = 0;               // added to it
  std::atomic<bool> loaded_ = false;
  std::atomic<bool> stopped_ = false;
  bool deleted_ = false;  // no row up to the mark is left; under settling_

  // Taken in this order.
  std::shared_mutex scanning_;  // shared: a scan of the whole table; alone: a settlement
  std::mutex settling_;         // one settlement or erasure at a time
  core::gate moving_;           // shared: a read of both places; alone: the commit of a settlement
  core::gate recording_;        // shared: a record under way; alone: who must know that none is
  std::mutex closed_mutex_;
  std::multiset<core::subject_handle> closed_;  // people being forgotten
};

}  // namespace eunomia::recommend
