#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "bench/gdprbench/personal_records_batch.h"

// Policies, what changes them, and what takes records away.
namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

metadata changed(const metadata& means, const metadata_change& change) {
  metadata made = means;
  if (change.what == attribute::time_to_live) {
    made.time_to_live_s = time_to_live_of(change.to);
  } else {
    made.of(change.what) = {change.to};
  }
  return made;
}

}  // namespace

record_index::policy_number personal_records::policy_for(batch& in, const metadata& means) {
  if (const auto known = index_.policy_of(means)) {
    return *known;
  }
  const std::int64_t id = next_policy_++;
  const auto made = std::make_shared<const metadata>(means);
  in.changes.define_policy(id, made);
  return index_.add_policy(made, id);
}

void personal_records::drop_if_empty(batch& in, record_index::policy_number which) {
  const record_index::policy& policy = index_.policy_at(which);
  if (!policy.means || !policy.records.empty()) {
    return;
  }
  in.changes.drop_policy(policy.row);
  index_.remove_policy(which);
}

void personal_records::erase_places(batch& in, std::span<const record_index::place> places) {
  if (places.empty()) {
    return;
  }
  std::vector<record_changes::record_name> gone;
  std::vector<record_index::policy_number> left;
  for (const record_index::place where : places) {
    gone.push_back({index_.at(where).row, index_.at(where).lookup});
    left.push_back(index_.at(where).policy);
    index_.remove(where);
  }
  in.changes.erase(gone);
  std::ranges::sort(left);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  for (const record_index::policy_number which : left) {
    drop_if_empty(in, which);
  }
}

std::uint64_t personal_records::erase_expired_of(batch& in, record_index::policy_number which, std::int64_t now) {
  const record_index::policy& policy = index_.policy_at(which);
  if (!policy.may_have_expired(now)) {
    return 0;
  }
  std::vector<record_index::place> expired;
  std::ranges::copy_if(policy.records, std::back_inserter(expired),
                       [&](record_index::place where) { return policy.has_expired(index_.at(where), now); });
  erase_places(in, expired);
  return expired.size();
}

// Policies that are selected as wholes are redefined: what has expired under them goes before, so that a longer time to
// live brings nothing back.
std::uint64_t personal_records::change_policies(batch& in, const resolved_selector& wanted,
                                                const metadata_change& change, std::int64_t now) {
  std::uint64_t records = 0;
  for (const record_index::policy_number which : index_.policies_with(wanted.by, wanted.value)) {
    erase_expired_of(in, which, now);
    const record_index::policy& policy = index_.policy_at(which);
    if (!policy.means) {
      continue;  // it was of expired records only
    }
    records += policy.records.size();
    const auto means = std::make_shared<const metadata>(changed(*policy.means, change));
    if (*means == *policy.means) {
      continue;
    }
    in.changes.define_policy(policy.row, means);
    index_.redefine(which, means);
  }
  return records;
}

void personal_records::set_policy(batch& in, std::span<const record_index::place> places,
                                  record_index::policy_number after) {
  for (const record_index::place where : places) {
    index_.move_to_policy(where, after);
  }
  in.changes.set_policy(rows_of(places), index_.policy_at(after).row);
}

// Records that are selected one by one move to the policy that they are under now, together where they were together.
void personal_records::change_records(batch& in, std::span<const record_index::place> places,
                                      const metadata_change& change) {
  std::unordered_map<record_index::policy_number, std::vector<record_index::place>> by_policy;
  for (const record_index::place where : places) {
    by_policy[index_.at(where).policy].push_back(where);
  }
  for (const auto& [before, members] : by_policy) {
    const metadata means = changed(*index_.policy_at(before).means, change);
    if (means == *index_.policy_at(before).means) {
      continue;
    }
    const record_index::policy_number after = policy_for(in, means);
    set_policy(in, members, after);
    drop_if_empty(in, before);
  }
}

// The records' bytes stay as they are.
void personal_records::move_to_person(batch& in, std::span<const record_index::place> places, core::subject_handle to) {
  if (places.empty()) {
    return;
  }
  std::vector<core::subject_handle> people = {to};
  for (const record_index::place where : places) {
    people.push_back(index_.at(where).about);
  }
  std::ranges::sort(people);
  people.erase(std::unique(people.begin(), people.end()), people.end());
  const subject::data_keys keys_of_people = in.keys_of(people);
  record_key_ring ring(keys_of_people);
  std::vector<core::secret_key> keys;
  keys.reserve(places.size());
  for (const record_index::place where : places) {
    const record_index::record& one = index_.at(where);
    keys.push_back(ring.key_of(one.about, one.lookup, tables_.granted(one.row)));
  }
  in.changes.grant(grant_keys(key_in(keys_of_people, to), to, rows_of(places), keys));
  for (const record_index::place where : places) {
    index_.move_to_person(where, to);
  }
}

std::uint64_t personal_records::update_metadata(const selector& wanted, const metadata_change& change,
                                                std::int64_t now) {
  check(change);
  const resolved_selector where = resolve(wanted);
  const core::subject_handle to = change.what == attribute::subject ? handle_of(change.to) : core::subject_handle();
  std::uint64_t records = 0;
  const auto body = [&](batch& in) {
    const std::optional<subject::pseudonym> about = whom(in, where);
    const bool is_of_policies = where.by != attribute::key && where.by != attribute::subject;
    if (is_of_policies && change.what != attribute::subject) {
      records = change_policies(in, where, change, now);
    } else {
      const std::vector<record_index::place> found = visible(where, now);
      records = found.size();
      if (change.what == attribute::subject) {
        move_to_person(in, found, to);
      } else {
        change_records(in, found, change);
      }
    }
    in.record("record.metadata_update", about,
              {std::string(name_of(where.by)), where.value.empty() ? std::nullopt : std::optional(where.value),
               std::string(name_of(change.what)), records});
  };
  queue_.perform({.run = body, .reads_tables = change.what == attribute::subject, .saves_first = false});
  return records;
}

std::uint64_t personal_records::erase(const selector& wanted, std::int64_t now) {
  const resolved_selector where = resolve(wanted);
  std::uint64_t records = 0;
  const auto body = [&](batch& in) {
    const std::optional<subject::pseudonym> about = whom(in, where);
    const std::vector<record_index::place> found = visible(where, now);
    records = found.size();
    erase_places(in, found);
    in.record(
        "record.erase", about,
        {std::string(name_of(where.by)), where.value.empty() ? std::nullopt : std::optional(where.value), {}, records});
  };
  queue_.perform({.run = body, .reads_tables = false, .saves_first = false});
  return records;
}

personal_records::expiry personal_records::erase_expired(std::int64_t now) {
  expiry done;
  const auto body = [&](batch& in) {
    done = {};
    for (const record_index::policy_number which : index_.policies_in_use()) {
      done.erased += erase_expired_of(in, which, now);
    }
    done.remaining = index_.size();
    in.record("record.expire", std::nullopt, {std::string(name_of(attribute::time_to_live)), {}, {}, done.erased});
  };
  queue_.perform({.run = body, .reads_tables = false, .saves_first = false});
  return done;
}

}  // namespace eunomia::gdprbench
