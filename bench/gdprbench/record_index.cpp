#include "bench/gdprbench/record_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace eunomia::gdprbench {

namespace {

std::string text_of(const metadata& means) {
  std::string text = fmt::format("{}", means.time_to_live_s);
  for (const attribute_values& values : means.texts) {
    text.append(1, '\n').append(joined(values));
  }
  return text;
}

// Takes the element at a position out of a list of places, by moving the last one there; tells where that one now is.
template <class Moved>
void take_out(std::vector<record_index::place>& from, std::uint32_t position, Moved moved) {
  const record_index::place last = from.back();
  from[position] = last;
  from.pop_back();
  moved(last, position);
}

}  // namespace

record_lookup lookup_from(std::string_view text) {
  record_lookup lookup;
  if (text.size() != lookup.size()) {
    throw core::error(core::errc::corrupt, fmt::format("the lookup of a record has {} bytes, not {}; restore the "
                                                       "database from a backup",
                                                       text.size(), lookup.size()));
  }
  std::ranges::copy(text, lookup.begin());
  return lookup;
}

// A keyed digest is as good as random, in base64 too.
std::size_t record_lookup_hash::operator()(const record_lookup& lookup) const noexcept {
  std::size_t words[3];
  static_assert(sizeof words == sizeof lookup);
  std::memcpy(words, lookup.data(), sizeof words);
  return words[0] ^ (words[1] * 0x9e3779b97f4a7c15) ^ (words[2] << 1);
}

std::optional<record_index::place> record_index::find(const record_lookup& lookup) const {
  const auto known = by_lookup_.find(lookup);
  return known == by_lookup_.end() ? std::nullopt : std::optional(known->second);
}

std::vector<record_index::policy_number> record_index::policies_with(attribute which, std::string_view value) const {
  std::vector<policy_number> found;
  for (policy_number i = 0; i < policies_.size(); ++i) {
    if (policies_[i].means && policies_[i].means->has(which, value)) {
      found.push_back(i);
    }
  }
  return found;
}

std::vector<record_index::policy_number> record_index::policies_in_use() const {
  std::vector<policy_number> found;
  for (policy_number i = 0; i < policies_.size(); ++i) {
    if (policies_[i].means && !policies_[i].records.empty()) {
      found.push_back(i);
    }
  }
  return found;
}

std::span<const record_index::place> record_index::records_about(core::subject_handle who) const {
  const auto known = people_.find(who);
  return known == people_.end() ? std::span<const place>() : std::span<const place>(known->second.records);
}

const subject::pseudonym& record_index::pseudonym_of(core::subject_handle who,
                                                     const std::function<subject::pseudonym()>& make) {
  person& known = people_.at(who);
  if (!known.called) {
    known.called = make();
  }
  return *known.called;
}

std::optional<record_index::policy_number> record_index::policy_of(const metadata& means) const {
  const auto known = by_meaning_.find(text_of(means));
  return known == by_meaning_.end() ? std::nullopt : std::optional(known->second);
}

record_index::policy_number record_index::add_policy(std::shared_ptr<const metadata> means, std::int64_t row) {
  policy_number which = 0;
  if (free_policies_.empty()) {
    which = static_cast<policy_number>(policies_.size());
    policies_.emplace_back();
  } else {
    which = free_policies_.back();
    free_policies_.pop_back();
  }
  by_meaning_.try_emplace(text_of(*means), which);
  policies_[which] = {std::move(means), row, INT64_MAX, {}};
  return which;
}

void record_index::redefine(policy_number which, std::shared_ptr<const metadata> means) {
  forget_meaning(which);
  by_meaning_.try_emplace(text_of(*means), which);
  policies_[which].means = std::move(means);
}

void record_index::remove_policy(policy_number which) {
  assert(policies_[which].records.empty());
  forget_meaning(which);
  policies_[which] = {};
  free_policies_.push_back(which);
}

// Two policies may have come to mean the same: only one of them is found by it.
void record_index::forget_meaning(policy_number which) {
  const auto known = by_meaning_.find(text_of(*policies_[which].means));
  if (known != by_meaning_.end() && known->second == which) {
    by_meaning_.erase(known);
  }
}

record_index::place record_index::insert(record one) {
  place where = 0;
  if (free_records_.empty()) {
    where = static_cast<place>(records_.size());
    records_.push_back(one);
  } else {
    where = free_records_.back();
    free_records_.pop_back();
    records_[where] = one;
  }
  by_lookup_.emplace(one.lookup, where);
  join_policy(where);
  join_person(where);
  return where;
}

void record_index::remove(place where) {
  leave_policy(where);
  leave_person(where);
  by_lookup_.erase(records_[where].lookup);
  records_[where] = {};
  free_records_.push_back(where);
}

void record_index::move_to_policy(place where, policy_number to) {
  leave_policy(where);
  records_[where].policy = to;
  join_policy(where);
}

void record_index::move_to_person(place where, core::subject_handle to) {
  leave_person(where);
  records_[where].about = to;
  join_person(where);
}

void record_index::join_policy(place where) {
  record& one = records_[where];
  policy& of = policies_[one.policy];
  one.of_policy = static_cast<std::uint32_t>(of.records.size());
  of.records.push_back(where);
  of.oldest = std::min(of.oldest, one.collected_at);
}

void record_index::leave_policy(place where) {
  policy& of = policies_[records_[where].policy];
  take_out(of.records, records_[where].of_policy,
           [&](place moved, std::uint32_t position) { records_[moved].of_policy = position; });
  if (of.records.empty()) {
    of.oldest = INT64_MAX;
  }
}

void record_index::join_person(place where) {
  record& one = records_[where];
  person& of = people_[one.about];
  one.of_person = static_cast<std::uint32_t>(of.records.size());
  of.records.push_back(where);
}

void record_index::leave_person(place where) {
  const auto known = people_.find(records_[where].about);
  take_out(known->second.records, records_[where].of_person,
           [&](place moved, std::uint32_t position) { records_[moved].of_person = position; });
  if (known->second.records.empty()) {
    people_.erase(known);
  }
}

}  // namespace eunomia::gdprbench
