#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace eunomia::recommend {

// What was measured of the people of one arm.
struct ab_sample {
  std::uint64_t people = 0;
  double mean = 0;
  double variance = 0;  // unbiased; 0 for fewer than two people
};
ab_sample sample_of(std::span<const double> values);

struct interval {
  double low = 0;
  double high = 0;
};

// How an arm differs from the one it is compared with.
struct ab_comparison {
  double difference = 0;                           // of the means
  std::optional<double> lift = std::nullopt;       // difference / mean of the other; nothing where that is 0
  std::optional<interval> fixed = std::nullopt;    // of the difference, of somebody who looks once
  std::optional<double> p = std::nullopt;          // two-sided, of somebody who looks once
  std::optional<interval> anytime = std::nullopt;  // of the difference, however often one looks and whenever one stops
  std::optional<double> anytime_p = std::nullopt;  // the same
};

// Welch's t-test (1947) for a test that ends at a size decided before, and, for one that is looked at as it goes, the
// asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, "Time-uniform central limit
// theory and asymptotic confidence sequences", theorem 2.2), whose mixture is tightest at tight_at people. Its p-value
// is the smallest alpha at which the sequence leaves out 0. alpha: what the intervals may miss, in 0 to 1. Nothing but
// the difference for arms of fewer than two people, or where nobody differs from anybody.
inline constexpr double tight_at = 1'000;
ab_comparison compare(const ab_sample& arm, const ab_sample& other, double alpha);

// Whether people came to the arms as their shares say (a chi-squared test): below 0.001 something else than the draw
// decided who is counted, and the comparison is worth nothing. Nothing for nobody.
std::optional<double> ratio_mismatch_p(std::span<const std::uint64_t> people, std::span<const double> shares);

}  // namespace eunomia::recommend
