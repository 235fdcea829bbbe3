#include "recommend/item_dictionary.h"

#include <algorithm>
#include <unordered_set>

#include "core/error.h"

namespace eunomia::recommend {

namespace sql = store::sql;

void shared_items::load_once() {
  if (loaded_) {
    return;
  }
  for (std::string& id : sql_.read([&](sql::connection& in) { return load(in, dataset_); })) {
    ids_.push_back(std::move(id));
    if (!ids_.back().empty()) {
      handles_.emplace(ids_.back(), static_cast<std::int64_t>(ids_.size() - 1));
    }
  }
  durable_.assign(ids_.size(), true);
  loaded_ = true;
}

void shared_items::forget() {
  const std::unique_lock lock(mutex_);
  handles_.clear();
  ids_.clear();
  durable_.clear();
  loaded_ = false;
}

void shared_items::resolve(std::span<const std::string_view> ids, std::span<std::int64_t> handles,
                           std::vector<promised_item>& promised) {
  constexpr std::int64_t unknown = -1;
  bool complete = true;
  {
    const std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto found = handles_.find(ids[i]);
      const bool durable = found != handles_.end() && durable_[static_cast<std::size_t>(found->second)];
      handles[i] = durable ? found->second : unknown;
      complete = complete && durable;
    }
  }
  if (complete) {
    return;
  }
  const std::unique_lock lock(mutex_);
  load_once();
  std::unordered_set<std::int64_t> noted;  // in promised by this call
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (handles[i] != unknown) {
      continue;
    }
    auto found = handles_.find(ids[i]);
    if (found == handles_.end()) {
      ids_.emplace_back(ids[i]);
      durable_.push_back(false);
      found = handles_.emplace(ids_.back(), static_cast<std::int64_t>(ids_.size() - 1)).first;
    }
    handles[i] = found->second;
    if (!durable_[static_cast<std::size_t>(handles[i])] && noted.insert(handles[i]).second) {
      promised.push_back({handles[i], std::string(ids[i])});
    }
  }
}

std::vector<std::optional<std::int64_t>> shared_items::find(std::span<const std::string_view> ids) {
  const std::unique_lock lock(mutex_);
  load_once();
  std::vector<std::optional<std::int64_t>> handles(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (const auto found = handles_.find(ids[i]); found != handles_.end()) {
      handles[i] = found->second;
    }
  }
  return handles;
}

void shared_items::record(sql::transaction& in, std::span<const promised_item> promised) {
  constexpr std::size_t rows_at_a_time = 4096;
  for (std::size_t first = 0; first < promised.size(); first += rows_at_a_time) {
    const auto some = promised.subspan(first, std::min(rows_at_a_time, promised.size() - first));
    const std::vector<std::int64_t> dataset(some.size(), dataset_);
    std::vector<std::int64_t> handles;
    std::vector<std::string_view> ids;
    for (const promised_item& item : some) {
      handles.push_back(item.handle);
      ids.push_back(item.id);
    }
    const std::uint64_t written = in.insert_many("dataset_item",
                                                 {{"dataset_id", std::span<const std::int64_t>(dataset)},
                                                  {"handle", std::span<const std::int64_t>(handles)},
                                                  {"item_id", std::span<const std::string_view>(ids)}},
                                                 sql::on_conflict::keep_existing);
    if (written == some.size()) {
      continue;
    }
    // Some were there: right when somebody kept our promise before us.
    std::unordered_map<std::int64_t, std::string> stored;
    in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id AND handle IN {int64s:handles}",
            {{"id", dataset_}, {"handles", sql::int64_list(handles)}},
            [&](const sql::row& r) { stored.emplace(r.int64(0), r.text(1)); });
    for (const promised_item& item : some) {
      if (stored.at(item.handle) != item.id) {
        forget();
        throw core::error(core::errc::failed_precondition,
                          "another process added items to the dataset meanwhile; nothing was stored, try again");
      }
    }
  }
}

void shared_items::committed(std::span<const promised_item> promised) {
  if (promised.empty()) {
    return;
  }
  const std::unique_lock lock(mutex_);
  for (const promised_item& item : promised) {
    const auto at = static_cast<std::size_t>(item.handle);
    if (at < ids_.size() && ids_[at] == item.id) {
      durable_[at] = true;
    }
  }
}

std::int64_t shared_items::visit_from(std::int64_t first,
                                      const std::function<void(std::int64_t, const std::string&)>& visit) {
  {
    const std::unique_lock lock(mutex_);
    load_once();
  }
  const std::shared_lock lock(mutex_);
  const auto end = static_cast<std::int64_t>(ids_.size());
  for (std::int64_t handle = first; handle < end; ++handle) {
    visit(handle, ids_[static_cast<std::size_t>(handle)]);
  }
  return end;
}

std::vector<std::string> shared_items::load(sql::connection& in, std::int64_t dataset) {
  std::vector<std::string> ids;
  in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id ORDER BY handle", {{"id", dataset}},
          [&](const sql::row& r) {
            ids.resize(r.uint64(0));
            ids.emplace_back(r.text(1));
          });
  return ids;
}

std::int64_t item_dictionary::resolve(std::string_view id) {
  if (const auto found = met_.find(id); found != met_.end()) {
    return found->second;
  }
  std::int64_t handle = 0;
  shared_.resolve({&id, 1}, {&handle, 1}, promised_);
  ids_.emplace_back(id);
  met_.emplace(ids_.back(), handle);
  return handle;
}

}  // namespace eunomia::recommend
