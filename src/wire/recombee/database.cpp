#include "wire/recombee/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/job.h"
#include "wire/recombee/interactions.h"

namespace eunomia::wire::recombee {

using core::errc;
using recommend::data_kind;

bool same_columns(const recommend::dataset_description& a, const recommend::dataset_description& b) {
  const auto same = [](const auto& x, const auto& y) {
    return std::ranges::equal(
        x, y, [](const auto& one, const auto& other) { return one.name == other.name && one.type == other.type; });
  };
  return same(a.interactions, b.interactions) && same(a.items, b.items) && same(a.users, b.users);
}

recommend::dataset database::open_dataset(const surroundings& in, const std::string& name, const core::purpose& why,
                                          bool may_create) {
  try {
    return in.datasets.open(name);
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found || !may_create) {
      throw;
    }
  }
  recommend::dataset_description wanted;
  wanted.name = name;
  wanted.purposes = {why};
  wanted.interactions = interaction_columns();
  try {
    return in.datasets.create(wanted);
  } catch (const core::error& problem) {
    if (problem.code() != errc::already_exists) {
      throw;
    }
    return in.datasets.open(name);  // somebody else was faster
  }
}

database::database(const surroundings& in, recommend::dataset rows, std::shared_ptr<std::mutex> writing)
    : made_(in.made), rows_(std::move(rows)), writing_(std::move(writing)) {
  for (const recommend::metadata_column& column : interaction_columns()) {
    const auto& there = rows_.description().interactions;
    if (std::ranges::find(there, column.name, &recommend::metadata_column::name) == there.end()) {
      rows_.declare(data_kind::interactions, column);
    }
  }
  rows_ = in.datasets.open(rows_.description().name);
  const auto& of = rows_.description();
  const auto retired = [&](std::string_view table) {
    return made_.list(of.name, definition_kind::retired_column, std::string(table));
  };
  items_ =
      properties_of(made_.list(of.name, definition_kind::item_property), retired(name_of(data_kind::items)), of.items);
  users_ =
      properties_of(made_.list(of.name, definition_kind::user_property), retired(name_of(data_kind::users)), of.users);
  // What is put while the catalogue is read waits, and is taken then.
  const std::unique_lock lock(mutex_);
  told_ = rows_.tell({.items_put = [this](std::span<const recommend::metadata_record> put) { take(put); },
                      .forgotten = [](std::span<const core::subject_handle>) {}});
  load(in.pool);
}

database::~database() {
  told_.reset();
}

void database::load(core::thread_pool& pool) {
  core::job quiet;
  const recommend::catalogue all(rows_.item_ids());
  const recommend::item_metadata known = rows_.load_item_metadata(all, pool, quiet);
  for (const definition& one : made_.list(name(), definition_kind::deleted_item)) {
    deleted_.insert(one.id);
  }
  for (recommend::item_position item = 0; item < all.size(); ++item) {
    if (deleted_.contains(all.id(item))) {
      continue;
    }
    std::map<std::string, std::string> stored;
    for (std::size_t c = 0; c < known.columns.size(); ++c) {
      if (const auto& value = known.values[c][item]) {
        stored.emplace(known.columns[c].name, *value);
      }
    }
    catalogue_.emplace(all.id(item), read(items_, stored));
  }
}

void database::take(std::span<const recommend::metadata_record> rows) {
  const std::unique_lock lock(mutex_);
  for (const recommend::metadata_record& row : rows) {
    if (!deleted_.contains(row.id)) {
      catalogue_.insert_or_assign(row.id, read(items_, row.values));
    }
  }
}

database::values database::read(const std::vector<property>& of, const std::map<std::string, std::string>& stored) {
  values all;
  all.reserve(of.size());
  for (const property& one : of) {
    const auto found = stored.find(one.column);
    all.push_back(value_of(one, found == stored.end() ? std::string_view() : found->second));
  }
  return all;
}

const property* database::find_property(const std::vector<property>& among, std::string_view name) {
  const auto found = std::ranges::find(among, name, &property::name);
  return found == among.end() ? nullptr : &*found;
}

const database::values* database::reading::find(std::string_view id) const {
  const auto found = of_.catalogue_.find(id);
  return found == of_.catalogue_.end() ? nullptr : &found->second;
}

bool database::has_item(std::string_view id) {
  {
    const reading now(*this);
    if (now.find(id) != nullptr) {
      return true;
    }
    if (now.is_deleted(id)) {
      return false;
    }
  }
  // One that came by an interaction, told by another protocol.
  if (!rows_.knows_item(id)) {
    return false;
  }
  const std::unique_lock lock(mutex_);
  catalogue_.try_emplace(std::string(id), read(items_, {}));
  return true;
}

void database::remove_item(const std::string& id) {
  made_.put(name(), {definition_kind::deleted_item, "", id});
  const std::unique_lock lock(mutex_);
  deleted_.insert(id);
  catalogue_.erase(id);
}

void database::restore_items(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    {
      const reading now(*this);
      if (!now.is_deleted(id)) {
        continue;
      }
    }
    made_.remove(name(), definition_kind::deleted_item, "", id);
    const std::unique_lock lock(mutex_);
    deleted_.erase(id);
  }
}

std::shared_ptr<database> databases::open(const std::string& name, bool may_create) {
  recommend::dataset rows = database::open_dataset(in_, name, why_, may_create);
  std::shared_ptr<std::mutex> writing;
  {
    const std::lock_guard lock(mutex_);
    auto& shared = writing_[name];
    if (shared == nullptr) {
      shared = std::make_shared<std::mutex>();
    }
    writing = shared;
    if (const auto found = open_.find(name); found != open_.end() && found->second->rows().number() == rows.number() &&
                                             same_columns(found->second->rows().description(), rows.description())) {
      return found->second;
    }
  }
  auto made = std::make_shared<database>(in_, std::move(rows), std::move(writing));
  const std::lock_guard lock(mutex_);
  auto& kept = open_[name];
  kept = std::move(made);
  return kept;
}

bool databases::is_current(const database& one) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(one.name());
    if (found == open_.end() || found->second.get() != &one) {
      return false;
    }
  }
  const recommend::dataset rows = in_.datasets.open(one.name());
  return rows.number() == one.rows().number() && same_columns(rows.description(), one.rows().description());
}

void databases::changed(std::string_view name) {
  std::shared_ptr<database> gone;  // let go of outside the lock
  const std::lock_guard lock(mutex_);
  if (const auto found = open_.find(name); found != open_.end()) {
    gone = std::move(found->second);
    open_.erase(found);
  }
}

}  // namespace eunomia::wire::recombee
