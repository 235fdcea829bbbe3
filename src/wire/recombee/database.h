#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "wire/recombee/definitions.h"
#include "wire/recombee/properties.h"
#include "wire/recombee/reql_value.h"

namespace eunomia::wire::recombee {

// A database of Recombee's: a dataset of the same name, its properties, and what is known of its items, in memory and
// with types, so that expressions are worked out over all of them. Whoever puts items, by whatever protocol, is told
// of. Any thread; another is made when columns change or rows are imported.
class database {
 public:
  using values = std::vector<reql_value>;  // by the properties of items or users

  // What it stands on; all must outlive it.
  struct surroundings {
    recommend::datasets& datasets;
    const definitions& made;
    core::thread_pool& pool;  // for reading the catalogue
  };

  // Opens the dataset; where there is none, and may_create, makes one for the purpose. Throws errc::not_found.
  static recommend::dataset open_dataset(const surroundings& in, const std::string& name, const core::purpose& why,
                                         bool may_create);

  // writing: shared by all that are made of one name.
  database(const surroundings& in, recommend::dataset rows, std::shared_ptr<std::mutex> writing);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  const std::string& name() const { return rows_.description().name; }
  const recommend::dataset& rows() const { return rows_; }
  const std::vector<property>& item_properties() const { return items_; }
  const std::vector<property>& user_properties() const { return users_; }
  static const property* find_property(const std::vector<property>& among, std::string_view name);

  // The catalogue, while this lives: nothing is put meanwhile.
  class reading {
   public:
    explicit reading(const database& of) : of_(of), lock_(of.mutex_) {}
    // Null for an item that there is not.
    const values* find(std::string_view id) const;
    // By id.
    const std::map<std::string, values, std::less<>>& all() const { return of_.catalogue_; }
    // Whether it was deleted, and interactions still know it.
    bool is_deleted(std::string_view id) const { return of_.deleted_.contains(id); }

   private:
    const database& of_;
    std::shared_lock<std::shared_mutex> lock_;
  };
  bool has_item(std::string_view id);
  // From here on there is no such item: not listed, not recommended, until it is put again.
  void remove_item(const std::string& id);
  // Items that are about to be put are not deleted any more.
  void restore_items(const std::vector<std::string>& ids);
  // Held while what is known of an item or a user is read, changed and put.
  std::mutex& writing() { return *writing_; }

  // The text of columns as values, and back.
  static values read(const std::vector<property>& of, const std::map<std::string, std::string>& stored);

 private:
  void load(core::thread_pool& pool);
  void take(std::span<const recommend::metadata_record> rows);

  const definitions& made_;
  recommend::dataset rows_;
  std::vector<property> items_;
  std::vector<property> users_;
  const std::shared_ptr<std::mutex> writing_;
  mutable std::shared_mutex mutex_;  // of what follows
  std::map<std::string, values, std::less<>> catalogue_;
  std::set<std::string, std::less<>> deleted_;
  std::shared_ptr<void> told_;  // while it lives, what is put is told
};

bool same_columns(const recommend::dataset_description& a, const recommend::dataset_description& b);

// The databases that clients use. Any thread.
class databases {
 public:
  databases(database::surroundings in, core::purpose why) : in_(in), why_(std::move(why)) {}

  // Throws errc::not_found for one that there is not.
  std::shared_ptr<database> open(const std::string& name, bool may_create);
  // Whether open() would give the same.
  bool is_current(const database& one);
  // Its columns or rows were changed: the next who asks gets another.
  void changed(std::string_view name);

 private:
  const database::surroundings in_;
  const core::purpose why_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, std::shared_ptr<database>, std::less<>> open_;
  std::map<std::string, std::shared_ptr<std::mutex>, std::less<>> writing_;  // by name, for ever
};

}  // namespace eunomia::wire::recombee
