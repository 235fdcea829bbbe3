#include "recommend/ab_statistics.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace eunomia::recommend {

namespace {

interval around(double middle, double half_width) {
  return {middle - half_width, middle + half_width};
}

// The rho of the mixture whose boundary is tightest near n people; any is valid.
double mixture_of(double n, double alpha) {
  const double l = -2 * std::log(alpha);
  return std::sqrt((l + std::log(l + 1)) / n);
}

}  // namespace

ab_sample sample_of(std::span<const double> values) {
  ab_sample found;
  found.people = values.size();
  const auto n = static_cast<double>(values.size());
  if (values.empty()) {
    return found;
  }
  for (const double value : values) {
    found.mean += value;
  }
  found.mean /= n;
  for (const double value : values) {
    found.variance += values.size() < 2 ? 0 : (value - found.mean) * (value - found.mean) / (n - 1);
  }
  return found;
}

ab_comparison compare(const ab_sample& arm, const ab_sample& other, double alpha) {
  ab_comparison result;
  result.difference = arm.mean - other.mean;
  if (other.mean != 0) {
    result.lift = result.difference / other.mean;
  }
  if (arm.people < 2 || other.people < 2 || !(arm.variance + other.variance > 0)) {
    return result;
  }
  const auto n1 = static_cast<double>(arm.people);
  const auto n2 = static_cast<double>(other.people);
  const double v1 = arm.variance / n1;
  const double v2 = other.variance / n2;
  const double error = std::sqrt(v1 + v2);
  const double t = result.difference / error;
  const double freedom = (v1 + v2) * (v1 + v2) / (v1 * v1 / (n1 - 1) + v2 * v2 / (n2 - 1));
  const boost::math::students_t distribution(freedom);
  result.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(t)));
  result.fixed = around(result.difference, boost::math::quantile(distribution, 1 - alpha / 2) * error);

  // The sequence of a mean of n values with standard deviation sigma: sigma / sqrt(n) is the error here.
  const double n = n1 + n2;
  const double rho = mixture_of(tight_at, alpha);
  const double m = n * rho * rho;
  result.anytime =
      around(result.difference, error * std::sqrt(2 * (m + 1) / m * (std::log(m + 1) / 2 - std::log(alpha))));
  result.anytime_p = std::min(1.0, std::exp(std::log(m + 1) / 2 - t * t * m / (2 * (m + 1))));
  return result;
}

std::optional<double> ratio_mismatch_p(std::span<const std::uint64_t> people, std::span<const double> shares) {
  double everybody = 0;
  double all = 0;
  for (std::size_t i = 0; i < people.size(); ++i) {
    everybody += static_cast<double>(people[i]);
    all += shares[i];
  }
  if (everybody == 0) {
    return std::nullopt;
  }
  double distance = 0;
  for (std::size_t i = 0; i < people.size(); ++i) {
    const double expected = everybody * shares[i] / all;
    const double off = static_cast<double>(people[i]) - expected;
    distance += off * off / expected;
  }
  const boost::math::chi_squared distribution(static_cast<double>(people.size() - 1));
  return boost::math::cdf(boost::math::complement(distribution, distance));
}

}  // namespace eunomia::recommend
