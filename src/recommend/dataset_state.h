#pragma once

#include <mutex>
#include <shared_mutex>
#include <span>
#include <vector>

#include "recommend/dataset_tables.h"
#include "recommend/event_log.h"
#include "recommend/put_queue.h"

namespace eunomia::recommend {

// Who keeps something of a dataset in memory, and is told when it changes; from any thread, before the call that
// changes it returns.
class dataset_listener {
 public:
  virtual ~dataset_listener() = default;
  // clock: of the batch; event_buffer::snapshot says whether it has it.
  virtual void recorded(std::span<const recorded_event> events, std::uint64_t clock) = 0;
  virtual void forgotten(std::span<const core::subject_handle> gone) = 0;
  // Interactions were imported, or may have been: nothing that was read before is up to date.
  virtual void interactions_changed() = 0;
  // Metadata of people was imported.
  virtual void people_changed() = 0;
  // Items, or profiles of these people, were put. In the order in which they are stored.
  virtual void items_put(std::span<const metadata_record> /*rows*/) {}
  virtual void profiles_put(std::span<const core::subject_handle> /*people*/) {}
};

// What this process keeps of one dataset, for all dataset values that name it.
struct dataset_state {
  dataset_state(event_log::house in, std::int64_t dataset)
      : items(in.sql, dataset),
        log(
            in, dataset, table_name_of(dataset, data_kind::interactions), items, types,
            [this](std::span<const recorded_event> events, std::uint64_t clock) {
              tell([&](dataset_listener& to) { to.recorded(events, clock); });
            },
            [this] { tell([](dataset_listener& to) { to.interactions_changed(); }); }) {}

  template <class Call>
  void tell(Call call) {
    const std::shared_lock lock(listeners_mutex);
    for (dataset_listener* const to : listeners) {
      call(*to);
    }
  }
  void add(dataset_listener& to) {
    const std::unique_lock lock(listeners_mutex);
    listeners.push_back(&to);
  }
  void remove(dataset_listener& to) {
    const std::unique_lock lock(listeners_mutex);
    std::erase(listeners, &to);
  }

  std::shared_mutex listeners_mutex;
  std::vector<dataset_listener*> listeners;
  shared_items items;
  event_type_names types;
  event_log log;
  put_queue item_puts;
  put_queue user_puts;
};

}  // namespace eunomia::recommend
