#include "bench/gdprbench/record_replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::gdprbench {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw core::error(core::errc::corrupt,
                    what + ", which is missing; restore the database and its journal from a backup");
}

}  // namespace

void record_replay::read_tables(store::sql::connection& in) {
  record_tables::each_policy(in, [&](std::int64_t id, std::shared_ptr<const metadata> means) {
    policies_.emplace(id, index_.add_policy(std::move(means), id));
    next_policy_ = std::max(next_policy_, id + 1);
  });
  record_tables::each_record(in, [&](const record_tables::stored_record& one) {
    add(lookup_from(one.lookup), one.id, one.about, one.collected_at, one.policy);
  });
}

void record_replay::add(const record_lookup& lookup, std::int64_t id, core::subject_handle about,
                        std::int64_t collected_at, std::int64_t policy) {
  places_.insert_or_assign(id, index_.insert({lookup, id, about, collected_at, number_of(policy), 0, 0}));
  next_record_ = std::max(next_record_, id + 1);
}

record_index::place record_replay::place_of(std::int64_t id) const {
  const auto known = places_.find(id);
  if (known == places_.end()) {
    refuse(fmt::format("the journal is about record {}", id));
  }
  return known->second;
}

record_index::policy_number record_replay::number_of(std::int64_t policy) const {
  const auto known = policies_.find(policy);
  if (known == policies_.end()) {
    refuse(fmt::format("a record is under policy {}", policy));
  }
  return known->second;
}

void record_replay::insert(const new_record& one) {
  add(one.lookup, one.id, one.about, one.collected_at, one.policy);
  tables_.insert(one);
}

void record_replay::seal(const record_name& one, core::subject_handle about, std::string_view sealed) {
  index_.move_to_person(place_of(one.id), about);
  tables_.seal(one, about, sealed);
}

void record_replay::grant(const std::shared_ptr<const key_grant>& keys) {
  for (const std::int64_t id : keys->records) {
    index_.move_to_person(place_of(id), keys->to);
  }
  tables_.grant(keys);
}

void record_replay::set_policy(std::span<const std::int64_t> ids, std::int64_t policy) {
  for (const std::int64_t id : ids) {
    index_.move_to_policy(place_of(id), number_of(policy));
  }
  tables_.set_policy(ids, policy);
}

void record_replay::erase(std::span<const record_name> records) {
  for (const record_name& one : records) {
    index_.remove(place_of(one.id));
    places_.erase(one.id);
  }
  tables_.erase(records);
}

void record_replay::define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) {
  if (const auto known = policies_.find(id); known != policies_.end()) {
    index_.redefine(known->second, means);
  } else {
    policies_.emplace(id, index_.add_policy(means, id));
    next_policy_ = std::max(next_policy_, id + 1);
  }
  tables_.define_policy(id, means);
}

void record_replay::drop_policy(std::int64_t id) {
  index_.remove_policy(number_of(id));
  policies_.erase(id);
  tables_.drop_policy(id);
}

void record_replay::record_audit(const audit_block& entries) {
  tail_.add(entries);
  tables_.record_audit(entries);
}

}  // namespace eunomia::gdprbench
