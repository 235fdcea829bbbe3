#include "recommend/admitted_people.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "recommend/dataset_tables.h"

namespace eunomia::recommend {

admitted_people admit(const subject::durable_directory& people, subject::enrolment& into, const admissions& who_may,
                      std::span<const std::string_view> users) {
  using admission = std::shared_ptr<const core::admission>;
  const auto admits = [&](core::subject_handle who) {
    return std::ranges::any_of(who_may, [&](const admission& one) { return one->admits(who); });
  };
  admitted_people all;
  all.kept.resize(users.size());
  std::iota(all.kept.begin(), all.kept.end(), std::size_t{0});
  const auto keep_admitted = [&](std::vector<core::subject_handle>& who) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.kept.size(); ++i) {
      if (admits(who[i])) {
        who[kept] = who[i];
        all.kept[kept++] = all.kept[i];
      }
    }
    who.resize(kept);
    all.kept.resize(kept);
  };
  const bool newcomers = std::ranges::any_of(who_may, [](const admission& one) { return one->admits_newcomers(); });
  if (!newcomers) {
    auto known = people.find_all(user_space, users);
    keep_admitted(known);
  }
  std::vector<std::string_view> some;
  some.reserve(all.kept.size());
  for (const std::size_t i : all.kept) {
    some.push_back(users[i]);
  }
  all.who.resize(some.size());
  into.resolve(some, all.who);
  const bool everybody = std::ranges::any_of(who_may, [](const admission& one) { return one->admits_everybody(); });
  if (!newcomers && !std::ranges::all_of(all.who, admits)) {
    throw core::error(core::errc::failed_precondition, "somebody was forgotten at this moment; try again");
  }
  if (!everybody) {
    keep_admitted(all.who);
  }
  return all;
}

}  // namespace eunomia::recommend
