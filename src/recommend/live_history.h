#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "recommend/dataset.h"
#include "store/table/table_store.h"

namespace eunomia::recommend {

// What memory keeps of one person: never changed, so a reader keeps it as long as it likes.
struct person_history {
  std::vector<past_event> events;                            // the newest max_history_events, oldest first
  std::shared_ptr<const std::vector<std::string>> features;  // dataset::features_of; not null
};

// Of one person; what is older is not told to a model that is asked.
inline constexpr std::size_t max_history_events = 10'000;

struct live_history_statistics {
  std::uint64_t people = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
};

// What people did in one dataset, in memory, so that a recommendation needs no disk: loaded when first asked for, kept
// up to date by every record(), import and erasure that this process does, whoever calls it, and dropped in the order
// of the last question when memory_limit is reached.
//
// An event is in what history_of returns as soon as record() has returned, once: a batch has a clock, and a load knows
// the clock of what it has read. Events that arrive during a load wait at the place that was taken for it, and those
// that the load has not read are added. An erasure or an import takes the place away, and the load starts again.
//
// Safe from any number of threads. It knows the columns that the dataset it was given had: make another after some were
// declared.
class live_history {
 public:
  static constexpr std::size_t default_memory = std::size_t{256} << 20;

  explicit live_history(dataset of, std::size_t memory_limit = default_memory);
  ~live_history();
  live_history(const live_history&) = delete;
  live_history& operator=(const live_history&) = delete;

  // Empty for somebody who did nothing, and for who is not admitted at this moment: memory keeps a history as the
  // tables do, and shows it as they do. Throws as dataset::admission_for.
  std::shared_ptr<const person_history> history_of(core::subject_handle who, const core::purpose& why);

  // Loads the histories of those who did something last, as many as there is room for, so that their first question
  // needs no disk either. Questions are answered meanwhile.
  void warm_up(const core::purpose& why, core::thread_pool& pool, core::job& job);

  record_report record(std::span<const event> batch, const also_stored& also = {});

  // Drops what is known of them; dataset::erase_subjects does it too.
  void forget(std::span<const core::subject_handle> gone);

  live_history_statistics statistics() const;

 private:
  struct listener;
  struct entry {
    core::subject_handle who;
    std::shared_ptr<const person_history> known;  // null while it is loaded
    std::uint64_t load = 0;                       // the number of the load that the place was taken for
    std::uint64_t features_version = 0;
    std::uint64_t profiles_put = 0;                             // of this person while the place is theirs
    std::uint64_t profiles_read = 0;                            // of these, how many the features know
    std::uint64_t clock = 0;                                    // of the load: it has every batch up to here
    std::vector<std::pair<std::uint64_t, past_event>> arrived;  // during the load, with the clocks of their batches
    std::size_t bytes = 0;
  };
  // A place when it was last looked at.
  struct seen_place {
    std::uint64_t load = 0;
    std::uint64_t profiles_put = 0;
  };
  // A part of the people, by their handle's hash.
  struct stripe {
    mutable std::mutex mutex;
    std::condition_variable loaded;
    std::list<entry> entries;  // last asked for first
    std::unordered_map<core::subject_handle, std::list<entry>::iterator> places;
    std::size_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
  };
  static constexpr std::uint32_t stripes = store::table::default_buckets;  // so that a bucket is a stripe

  stripe& stripe_of(core::subject_handle who) { return stripes_[core::partition_of(who, stripes)]; }
  // Nothing when the place was taken away meanwhile. admitted: who was, before.
  std::shared_ptr<const person_history> load(core::subject_handle who, const core::purpose& why,
                                             const core::admission& admitted, std::uint64_t number);
  std::shared_ptr<const person_history> with_new_features(core::subject_handle who, const core::purpose& why,
                                                          const std::shared_ptr<const person_history>& known,
                                                          const seen_place& seen);
  // Puts what was loaded into the place that was taken for it; nothing when it was taken away meanwhile.
  std::shared_ptr<const person_history> fill(core::subject_handle who, std::uint64_t number, std::uint64_t version,
                                             stored_history stored, std::vector<std::string> features);
  void warm_up(std::uint32_t bucket, const core::purpose& why, core::job& job);
  void give_up(core::subject_handle who, std::uint64_t number);
  void keep(stripe& in, std::list<entry>::iterator place, std::shared_ptr<const person_history> known);
  void drop(stripe& in, std::list<entry>::iterator place);
  void recorded(std::span<const recorded_event> events, std::uint64_t clock);
  void profiles_put(std::span<const core::subject_handle> people);
  void add(std::span<const recorded_event> of_one, std::uint64_t clock);
  void clear();

  const dataset dataset_;
  const std::size_t stripe_limit_;
  std::array<stripe, stripes> stripes_;
  std::atomic<std::uint64_t> loads_ = 0;
  std::atomic<std::uint64_t> removals_ = 0;  // of places, by an erasure or an import
  std::atomic<std::uint64_t> features_version_ = 0;
  std::unique_ptr<listener> listener_;
};

}  // namespace eunomia::recommend
