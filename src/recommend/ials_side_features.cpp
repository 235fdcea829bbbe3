#include "recommend/ials_side_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t block_rows = 256;

void require_sound(const feature_matrix& features, std::string_view whose) {
  for (const feature_value& value : features.values) {
    if (value.feature >= features.names.size() || !std::isfinite(value.value)) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("ials: a side feature of {} has position {} of {} and value {}; it must be a known "
                                    "feature and finite",
                                    whose, value.feature, features.names.size(), value.value));
    }
  }
}

// The same matrix in columns: for each feature the rows that have it (as feature_value.feature), ascending.
row_features transposed(const row_features& features) {
  row_features result;
  result.features = static_cast<std::uint32_t>(features.rows());
  result.begin.assign(features.features + std::size_t{1}, 0);
  result.values.resize(features.values.size());
  for (const feature_value& value : features.values) {
    ++result.begin[value.feature + std::size_t{1}];
  }
  for (std::size_t f = 0; f < features.features; ++f) {
    result.begin[f + 1] += result.begin[f];
  }
  std::vector<std::uint64_t> next(result.begin.begin(), result.begin.end() - 1);
  for (std::size_t r = 0; r < features.rows(); ++r) {
    for (const feature_value& value : features.row(r)) {
      result.values[next[value.feature]++] = {static_cast<std::uint32_t>(r), value.value};
    }
  }
  return result;
}

void for_each_row(std::size_t rows, const ials_machine& machine, const std::function<void(std::size_t)>& body) {
  machine.pool.for_each((rows + block_rows - 1) / block_rows, [&](std::size_t b, unsigned) {
    for (std::size_t r = b * block_rows; r < std::min(rows, (b + 1) * block_rows); ++r) {
      body(r);
    }
  });
}

// <a, b> of two matrices, summed by rows in order.
double product(const factor_matrix& a, const factor_matrix& b, const ials_machine& machine) {
  std::vector<float> rows(a.rows());
  for_each_row(a.rows(), machine,
               [&](std::size_t r) { machine.kernels.inner_products(a.row(r), a.stride(), 1, b.row(r), &rows[r]); });
  double sum = 0;
  for (const float row : rows) {
    sum += row;
  }
  return sum;
}

}  // namespace

row_features row_features::without(std::span<const std::uint32_t> rows_gone) const {
  row_features result;
  if (empty()) {
    return result;
  }
  result.features = features;
  result.begin = {0};
  auto gone = rows_gone.begin();
  for (std::size_t r = 0; r < rows(); ++r) {
    if (gone != rows_gone.end() && *gone == r) {
      ++gone;
      continue;
    }
    const auto kept = row(r);
    result.values.insert(result.values.end(), kept.begin(), kept.end());
    result.begin.push_back(result.values.size());
  }
  return result;
}

row_features item_features(const feature_matrix& features, std::size_t items) {
  if (features.rows() == 0 || features.names.empty()) {
    return {};
  }
  if (features.rows() != items) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("ials: side features of {} items for a catalogue of {}", features.rows(), items));
  }
  require_sound(features, "items");
  return {static_cast<std::uint32_t>(features.names.size()), features.row_begin, features.values};
}

row_features user_features(const side_features& features, std::span<const core::subject_handle> subjects) {
  if (features.users.rows() == 0 || features.users.names.empty()) {
    return {};
  }
  if (features.users.rows() != features.user_subjects.size()) {
    throw core::error(core::errc::invalid_argument, fmt::format("ials: side features of {} users for {} subjects",
                                                                features.users.rows(), features.user_subjects.size()));
  }
  require_sound(features.users, "users");
  row_features result{static_cast<std::uint32_t>(features.users.names.size()), {0}, {}};
  auto known = features.user_subjects.begin();
  for (const core::subject_handle subject : subjects) {
    known = std::lower_bound(known, features.user_subjects.end(), subject);
    if (known != features.user_subjects.end() && *known == subject) {
      const auto row = features.users.row(static_cast<std::uint32_t>(known - features.user_subjects.begin()));
      result.values.insert(result.values.end(), row.begin(), row.end());
    }
    result.begin.push_back(result.values.size());
  }
  return result;
}

void predict(std::span<const feature_value> f, const factor_matrix& weights, float* out) {
  std::fill_n(out, weights.stride(), 0.0F);
  for (const feature_value& value : f) {
    const float* row = weights.row(value.feature);
    for (std::size_t j = 0; j < weights.stride(); ++j) {
      out[j] += value.value * row[j];
    }
  }
}

factor_matrix predict(const row_features& features, const factor_matrix& weights, const ials_machine& machine) {
  factor_matrix result(features.rows(), weights.factors());
  for_each_row(features.rows(), machine, [&](std::size_t r) { predict(features.row(r), weights, result.row(r)); });
  return result;
}

void fit(const row_features& features, const factor_matrix& targets, std::span<const float> shrinkage, double ridge,
         std::size_t steps, factor_matrix& weights, const ials_machine& machine) {
  double total = 0;
  std::size_t counted = 0;
  for (const float weight : shrinkage) {
    total += weight;
    counted += weight > 0;
  }
  if (counted == 0 || features.empty()) {
    weights = factor_matrix(weights.rows(), weights.factors());
    return;
  }
  const std::size_t d = weights.stride();
  const auto mu = static_cast<float>(ridge * total / static_cast<double>(counted));
  const row_features columns = transposed(features);
  factor_matrix rows(features.rows(), weights.factors());
  factor_matrix residual(weights.rows(), weights.factors());
  factor_matrix direction(weights.rows(), weights.factors());
  factor_matrix image(weights.rows(), weights.factors());
  std::vector<float> inverse(weights.rows());  // of the diagonal

  // out = F' diag(shrinkage) rows.
  const auto gather = [&](factor_matrix& out) {
    for_each_row(weights.rows(), machine, [&](std::size_t f) {
      float* sum = out.row(f);
      std::fill_n(sum, d, 0.0F);
      for (const feature_value& value : columns.row(f)) {
        const float weight = value.value * shrinkage[value.feature];
        const float* row = rows.row(value.feature);
        for (std::size_t j = 0; j < d; ++j) {
          sum[j] += weight * row[j];
        }
      }
    });
  };
  // image = (F' diag(shrinkage) F + mu) x.
  const auto apply = [&](const factor_matrix& x) {
    for_each_row(features.rows(), machine, [&](std::size_t r) { predict(features.row(r), x, rows.row(r)); });
    gather(image);
    for_each_row(weights.rows(), machine, [&](std::size_t f) {
      for (std::size_t j = 0; j < d; ++j) {
        image.row(f)[j] += mu * x.row(f)[j];
      }
    });
  };
  // direction = residual / diagonal + keep * direction, and <residual, residual / diagonal>.
  const auto turn = [&](float keep) {
    for_each_row(weights.rows(), machine, [&](std::size_t f) {
      for (std::size_t j = 0; j < d; ++j) {
        direction.row(f)[j] = inverse[f] * residual.row(f)[j] + keep * direction.row(f)[j];
      }
    });
  };
  const auto energy_of = [&] {
    std::vector<float> parts(weights.rows());
    for_each_row(weights.rows(), machine, [&](std::size_t f) {
      machine.kernels.inner_products(residual.row(f), d, 1, residual.row(f), &parts[f]);
    });
    double sum = 0;
    for (std::size_t f = 0; f < parts.size(); ++f) {
      sum += double{parts[f]} * inverse[f];
    }
    return sum;
  };

  for_each_row(weights.rows(), machine, [&](std::size_t f) {
    float diagonal = mu;
    for (const feature_value& value : columns.row(f)) {
      diagonal += shrinkage[value.feature] * value.value * value.value;
    }
    inverse[f] = 1 / diagonal;
  });
  apply(weights);
  for_each_row(features.rows(), machine, [&](std::size_t r) { std::copy_n(targets.row(r), d, rows.row(r)); });
  gather(residual);
  for_each_row(weights.rows(), machine, [&](std::size_t f) {
    for (std::size_t j = 0; j < d; ++j) {
      residual.row(f)[j] -= image.row(f)[j];
    }
  });
  double energy = energy_of();
  const double enough = energy * 1e-12;
  turn(0);
  for (std::size_t step = 0; step < steps && energy > enough; ++step) {
    machine.job.check();
    apply(direction);
    const double curvature = product(direction, image, machine);
    if (!(curvature > 0)) {
      return;
    }
    const auto length = static_cast<float>(energy / curvature);
    for_each_row(weights.rows(), machine, [&](std::size_t f) {
      for (std::size_t j = 0; j < d; ++j) {
        weights.row(f)[j] += length * direction.row(f)[j];
        residual.row(f)[j] -= length * image.row(f)[j];
      }
    });
    const double next = energy_of();
    turn(static_cast<float>(next / energy));
    energy = next;
  }
}

}  // namespace eunomia::recommend
