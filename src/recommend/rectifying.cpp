#include "recommend/rectifying.h"

#include <fmt/format.h>

#include <chrono>

#include "recommend/custody_steps.h"
#include "recommend/held_back.h"

namespace eunomia::recommend {

using subject::certificate_step;

void rectifying::check(std::string_view dataset, const rectification& wanted) const {
  data_.open(dataset).check(wanted);
}

std::vector<certificate_step> rectifying::carry_out(std::string_view dataset, core::subject_handle who,
                                                    const rectification& wanted,
                                                    const subject::custody_context& with) const {
  const auto begin = std::chrono::steady_clock::now();
  const auto of = data_.open(dataset);
  const held_back nothing_new(data_, all_, {&who, 1});
  const rectified_rows rows = of.rectify(who, wanted, with.pool, with.job);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);

  std::vector<certificate_step> steps;
  const auto add = [&](std::string what, std::string_view store, std::uint64_t count, std::string details,
                       std::uint64_t milliseconds) {
    steps.push_back(
        {"recommend", std::move(what), std::string(store), {}, count, std::move(details), {}, {}, milliseconds});
  };
  const auto milliseconds = static_cast<std::uint64_t>(took.count());
  if (!wanted.profile.empty()) {
    add(what_of("profiles", of.description()), store_of_tables, rows.profiles,
        fmt::format("{} columns as they were given; the bucket rewritten, the old files unlinked",
                    wanted.profile.size()),
        milliseconds);
  }
  if (!wanted.wrong.empty()) {
    add(what_of("interactions", of.description()), store_of_tables, rows.interactions,
        "taken out as wrong; the bucket rewritten, the old files unlinked", milliseconds);
  }
  const training_context context{with.pool, with.job, with_.memory_limit};
  all_.forget_in_memory({&who, 1}, context);
  for (const forgotten_model& lost : all_.forget_on_disk({&who, 1}, context)) {
    certificate_step told = step_of(lost, store_of_models, with_.rederived_within);
    std::string details = "forgot them, and learns what is right with its next training: " + told.details;
    if (told.until) {
      details += ", until " + *told.until;
    }
    add(std::move(told.what), told.store, told.count, std::move(details), told.milliseconds);
  }
  return steps;
}

}  // namespace eunomia::recommend
