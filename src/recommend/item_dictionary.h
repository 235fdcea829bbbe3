#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sql/database.h"

namespace eunomia::recommend {

// An item that was given a handle and may not be in the database yet.
struct promised_item {
  std::int64_t handle;
  std::string id;
};

// The item identifiers of a dataset and their handles, 0, 1, 2, ..., in memory, for everything in this process that
// adds to them: imports and events that are under way at once give an item the same handle. Whoever uses a handle that
// was only promised writes it in the transaction that makes the use durable. A promise that nobody keeps costs a
// number. Loaded when first needed; safe from any number of threads.
class shared_items {
 public:
  shared_items(store::sql::database& sql, std::int64_t dataset) : sql_(sql), dataset_(dataset) {}

  // One handle for each identifier, into handles of the same length; adds those that are only promised to promised,
  // each once a call.
  void resolve(std::span<const std::string_view> ids, std::span<std::int64_t> handles,
               std::vector<promised_item>& promised);
  // Their handles; nothing for those that nobody has met.
  std::vector<std::optional<std::int64_t>> find(std::span<const std::string_view> ids);
  // Writes the promised, within the caller's transaction; may be called again when that is repeated.
  // errc::failed_precondition when another process gave one of the handles to another item meanwhile.
  void record(store::sql::transaction& in, std::span<const promised_item> promised);
  // Call after that transaction.
  void committed(std::span<const promised_item> promised);

  // Shows the identifiers from a handle on; the number of handles there are.
  std::int64_t visit_from(std::int64_t first, const std::function<void(std::int64_t, const std::string&)>& visit);

  // All identifiers in the database, by handle; empty where a promise was not kept.
  static std::vector<std::string> load(store::sql::connection& in, std::int64_t dataset);

 private:
  void load_once();
  void forget();

  store::sql::database& sql_;
  const std::int64_t dataset_;
  std::shared_mutex mutex_;
  bool loaded_ = false;
  std::deque<std::string> ids_;  // by handle; stays where it is
  std::vector<bool> durable_;    // by handle
  std::unordered_map<std::string_view, std::int64_t> handles_;
};

// The items that one import meets. For one thread.
class item_dictionary {
 public:
  explicit item_dictionary(shared_items& items) : shared_(items) {}

  std::int64_t resolve(std::string_view id);
  // The number of those met that were not in the dataset before.
  std::uint64_t added() const { return promised_.size(); }
  // As shared_items has them.
  void record(store::sql::transaction& in) const { shared_.record(in, promised_); }
  void committed() const { shared_.committed(promised_); }

 private:
  shared_items& shared_;
  std::deque<std::string> ids_;
  std::unordered_map<std::string_view, std::int64_t> met_;  // so that an import asks once for an item
  std::vector<promised_item> promised_;
};

}  // namespace eunomia::recommend
