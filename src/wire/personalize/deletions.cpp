#include "wire/personalize/deletions.h"

#include <fmt/format.h>

#include <utility>

#include "core/attempt.h"
#include "core/error.h"

namespace eunomia::wire::personalize {

namespace sql = store::sql;

void deletions::add(resource_kind kind, history what_goes_first, removal what_it_stands_for) {
  kinds_.emplace(kind, kind_of_deletion{std::move(what_goes_first), std::move(what_it_stands_for)});
}

void deletions::carry_out(const resource& one) {
  const std::lock_guard nobody_else_makes(making_);
  const kind_of_deletion& how = kinds_.at(one.kind);
  if (made_.find(one.kind, one.arn).created_at != one.created_at) {
    throw core::error(core::errc::not_found, fmt::format("{} was deleted, and is another one now", one.arn));
  }
  known_.change([&](sql::transaction& in) {
    if (how.what_goes_first) {
      how.what_goes_first(in, one);
    }
    resources::begin_deletion(in, one.arn);
  });
  try {
    how.what_it_stands_for(one);
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::not_found) {
      throw;
    }
  }
  known_.change([&](sql::transaction& in) { resources::remove(in, one.arn); });
}

void deletions::go_on() {
  for (const auto& [kind, how] : kinds_) {
    for (const resource& one : made_.with_status(kind, {&deletion_in_progress, 1})) {
      core::attempt(one.arn, [&] { carry_out(one); });
    }
  }
}

}  // namespace eunomia::wire::personalize
