// A table of exceptions that is never changed, and a short sorted list of what changed since: a single choice among
// millions copies the list and shares the table.
#include "core/admission.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <iterator>
#include <utility>

namespace eunomia::core {

namespace {

constexpr std::size_t fewest_places = 16;

std::uint64_t next_era() {
  static std::atomic<std::uint64_t> eras = 0;
  return ++eras;
}

}  // namespace

admission::table::table(std::span<const subject_handle> members) {
  const std::size_t places = std::bit_ceil(std::max(fewest_places, 2 * members.size()));
  shift_ = 64U - static_cast<unsigned>(std::countr_zero(places));
  places_.resize(places);
  for (const subject_handle who : members) {
    if (who.value() == 0) {
      continue;
    }
    std::size_t at = place_of(who.value());
    while (places_[at] != 0 && places_[at] != who.value()) {
      at = (at + 1) & (places - 1);
    }
    places_[at] = who.value();
  }
}

bool admission::table::has(subject_handle who) const {
  if (who.value() == 0) {
    return false;
  }
  for (std::size_t at = place_of(who.value()); places_[at] != 0; at = (at + 1) & (places_.size() - 1)) {
    if (places_[at] == who.value()) {
      return true;
    }
  }
  return false;
}

std::vector<subject_handle> admission::table::members() const {
  std::vector<subject_handle> all;
  for (const std::uint64_t who : places_) {
    if (who != 0) {
      all.emplace_back(who);
    }
  }
  return all;
}

std::shared_ptr<const admission> admission::made_of(bool newcomers, std::span<const subject_handle> exceptions,
                                                    std::uint64_t era) {
  if (exceptions.empty()) {
    return std::shared_ptr<const admission>(new admission(newcomers, nullptr, {}, 0, era));
  }
  auto base = std::make_shared<const table>(exceptions);
  const std::size_t count = base->members().size();
  return std::shared_ptr<const admission>(new admission(newcomers, std::move(base), {}, count, era));
}

std::shared_ptr<const admission> admission::everybody() {
  return made_of(true, {}, next_era());
}

std::shared_ptr<const admission> admission::everybody_but(std::span<const subject_handle> refused) {
  return made_of(true, refused, next_era());
}

std::shared_ptr<const admission> admission::only(std::span<const subject_handle> admitted) {
  return made_of(false, admitted, next_era());
}

std::optional<bool> admission::change_of(subject_handle who) const {
  const auto found = std::lower_bound(changes_.begin(), changes_.end(), who,
                                      [](const change& c, subject_handle wanted) { return c.who < wanted; });
  return found != changes_.end() && found->who == who ? std::optional(found->exception) : std::nullopt;
}

std::shared_ptr<const admission> admission::with(std::span<const subject_handle> admitted,
                                                 std::span<const subject_handle> refused) const {
  std::vector<change> fresh;
  fresh.reserve(admitted.size() + refused.size());
  for (const subject_handle who : admitted) {
    fresh.push_back({who, !newcomers_});
  }
  for (const subject_handle who : refused) {
    fresh.push_back({who, newcomers_});
  }
  const auto by_handle = [](const change& a, const change& b) { return a.who < b.who; };
  const auto same = [](const change& a, const change& b) { return a.who == b.who; };
  std::stable_sort(fresh.begin(), fresh.end(), by_handle);
  fresh.erase(std::unique(fresh.begin(), fresh.end(), same), fresh.end());
  std::erase_if(fresh, [](const change& c) { return c.who.value() == 0; });

  std::size_t exceptions = exceptions_;
  bool somebody_refused = false;
  for (const change& c : fresh) {
    if (const bool before = is_exception(c.who); before != c.exception) {
      c.exception ? ++exceptions : --exceptions;
      somebody_refused |= c.exception == newcomers_;
    }
  }
  const std::uint64_t era = somebody_refused ? next_era() : era_;
  std::vector<change> changes;
  changes.reserve(changes_.size() + fresh.size());
  std::set_union(fresh.begin(), fresh.end(), changes_.begin(), changes_.end(), std::back_inserter(changes), by_handle);
  if (changes.size() <= max_changes) {
    return std::shared_ptr<const admission>(new admission(newcomers_, base_, std::move(changes), exceptions, era));
  }
  const admission longer(newcomers_, base_, std::move(changes), exceptions, era);
  std::vector<subject_handle> members;
  members.reserve(exceptions);
  for (const subject_handle who : base_ == nullptr ? std::vector<subject_handle>() : base_->members()) {
    if (longer.is_exception(who)) {
      members.push_back(who);
    }
  }
  for (const change& c : longer.changes_) {
    if (c.exception && (base_ == nullptr || !base_->has(c.who))) {
      members.push_back(c.who);
    }
  }
  return made_of(newcomers_, members, era);
}

std::string_view name_of(refusal why) noexcept {
  switch (why) {
    case refusal::restriction: return "restriction";
    case refusal::objection: return "objection";
    case refusal::no_consent: return "no_consent";
  }
  return "none";
}

}  // namespace eunomia::core
