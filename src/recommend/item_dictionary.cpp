#include "recommend/item_dictionary.h"

#include <algorithm>

#include "core/error.h"

namespace eunomia::recommend {

namespace sql = store::sql;

item_dictionary::item_dictionary(sql::database& sql, std::int64_t dataset) : dataset_(dataset) {
  for (std::string& id : sql.read([&](sql::connection& in) { return load(in, dataset); })) {
    ids_.push_back(std::move(id));
    handles_.emplace(ids_.back(), static_cast<std::int64_t>(ids_.size() - 1));
  }
  stored_ = ids_.size();
}

std::int64_t item_dictionary::resolve(std::string_view id) {
  if (const auto found = handles_.find(id); found != handles_.end()) {
    return found->second;
  }
  const auto handle = static_cast<std::int64_t>(ids_.size());
  ids_.emplace_back(id);
  handles_.emplace(ids_.back(), handle);
  return handle;
}

void item_dictionary::record(sql::transaction& in) const {
  if (added() == 0) {
    return;
  }
  const auto count = in.query_one("SELECT count(*) FROM dataset_item WHERE dataset_id = :id", {{"id", dataset_}});
  if (count[0].uint64(0) != stored_) {
    throw core::error(core::errc::failed_precondition, "another import added items meanwhile; import again");
  }
  constexpr std::size_t rows_at_a_time = 4096;
  for (std::size_t first = stored_; first < ids_.size(); first += rows_at_a_time) {
    const std::size_t end = std::min(first + rows_at_a_time, ids_.size());
    const std::vector<std::int64_t> dataset(end - first, dataset_);
    std::vector<std::int64_t> handles;
    std::vector<std::string_view> ids;
    for (std::size_t i = first; i < end; ++i) {
      handles.push_back(static_cast<std::int64_t>(i));
      ids.push_back(ids_[i]);
    }
    in.insert_many("dataset_item", {{"dataset_id", std::span<const std::int64_t>(dataset)},
                                    {"handle", std::span<const std::int64_t>(handles)},
                                    {"item_id", std::span<const std::string_view>(ids)}});
  }
}

std::vector<std::string> item_dictionary::load(sql::connection& in, std::int64_t dataset) {
  std::vector<std::string> ids;
  in.each("SELECT handle, item_id FROM dataset_item WHERE dataset_id = :id ORDER BY handle", {{"id", dataset}},
          [&](const sql::row& r) {
            if (r.uint64(0) != ids.size()) {
              throw core::error(core::errc::corrupt, "the dictionary of items has a gap");
            }
            ids.emplace_back(r.text(1));
          });
  return ids;
}

}  // namespace eunomia::recommend
