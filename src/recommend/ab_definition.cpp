#include "recommend/ab_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "recommend/deployments.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

constexpr double largest_share = 1e6;

template <class List>
void check_names(const List& list, std::string_view place) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    check_deployment_name(list[i].name);
    if (!seen.insert(list[i].name).second) {
      throw error(errc::invalid_argument, fmt::format("{}[{}].name: \"{}\" is there twice", place, i, list[i].name));
    }
  }
}

void check(const ab_metric& one, std::size_t i) {
  if ((one.measure == ab_measure::sum) == one.column.empty()) {
    throw error(errc::invalid_argument,
                fmt::format("metrics[{}].column: {}", i,
                            one.column.empty() ? "is missing: name what is summed, EVENT_VALUE or a column of items"
                                               : "is for the measure sum only"));
  }
}

}  // namespace

std::size_t arm_of(const ab_test& in, std::string_view user) {
  const core::digest128 drawn = core::siphash(in.salt.bytes, user);
  std::uint64_t number = 0;
  std::memcpy(&number, drawn.bytes.data(), sizeof number);
  double all = 0;
  for (const ab_arm& arm : in.what.arms) {
    all += arm.share;
  }
  double place = static_cast<double>(number >> 11) * 0x1p-53 * all;
  for (std::size_t i = 0; i + 1 < in.what.arms.size(); ++i) {
    place -= in.what.arms[i].share;
    if (place < 0) {
      return i;
    }
  }
  return in.what.arms.size() - 1;
}

void check(const ab_definition& wanted) {
  if (wanted.arms.size() < 2 || wanted.arms.size() > max_ab_arms) {
    throw error(errc::invalid_argument,
                fmt::format("arms: {} given, a test compares 2 to max_ab_arms = {}", wanted.arms.size(), max_ab_arms));
  }
  if (wanted.metrics.empty() || wanted.metrics.size() > max_ab_metrics) {
    throw error(errc::invalid_argument, fmt::format("metrics: {} given, a test has 1 to max_ab_metrics = {}",
                                                    wanted.metrics.size(), max_ab_metrics));
  }
  check_names(wanted.arms, "arms");
  check_names(wanted.metrics, "metrics");
  for (std::size_t i = 0; i < wanted.arms.size(); ++i) {
    if (!(wanted.arms[i].share > 0 && wanted.arms[i].share <= largest_share)) {
      throw error(errc::invalid_argument,
                  fmt::format("arms[{}].share: must be more than 0 and at most {}", i, largest_share));
    }
  }
  for (std::size_t i = 0; i < wanted.metrics.size(); ++i) {
    check(wanted.metrics[i], i);
  }
}

}  // namespace eunomia::recommend
