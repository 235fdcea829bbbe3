#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "recommend/dense/downdate.h"
#include "recommend/dense/row_sum.h"
#include "recommend/dense/sweep_inverse.h"

namespace eunomia::recommend::dense {
namespace {

constexpr unsigned seed = 20190513;

// Gauss-Jordan row by row.
std::vector<double> naive_inverse(std::uint32_t n, const std::vector<double>& a) {
  std::vector<double> m(a.begin(), a.end()), inverse(std::size_t{n} * n, 0);
  for (std::uint32_t i = 0; i < n; ++i) {
    inverse[i * n + i] = 1;
  }
  for (std::uint32_t k = 0; k < n; ++k) {
    const double pivot = m[k * n + k];
    for (std::uint32_t j = 0; j < n; ++j) {
      m[k * n + j] /= pivot;
      inverse[k * n + j] /= pivot;
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      const double factor = m[i * n + k];
      for (std::uint32_t j = 0; i != k && j < n; ++j) {
        m[i * n + j] -= factor * m[k * n + j];
        inverse[i * n + j] -= factor * inverse[k * n + j];
      }
    }
  }
  return {inverse.begin(), inverse.end()};
}

// X^T X + lambda I of random sparse zero-one rows.
struct random_problem {
  random_problem(std::uint32_t items, std::uint32_t people, double lambda)
      : n(items), gram(std::size_t{items} * items) {
    std::mt19937 random(seed);
    for (std::uint32_t p = 0; p < people; ++p) {
      std::vector<std::uint32_t> row;
      for (std::uint32_t i = 0; i < n; ++i) {
        if (random() % 8 == 0) {
          row.push_back(i);
        }
      }
      for (const std::uint32_t i : row) {
        for (const std::uint32_t j : row) {
          gram[std::size_t{i} * n + j] += 1;
        }
      }
      rows.push_back(row);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      gram[std::size_t{i} * n + i] += lambda;
    }
  }

  template <class T>
  tiled_triangle<T> triangle() const {
    tiled_triangle<T> t(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      for (std::uint32_t j = 0; j <= i; ++j) {
        *t.at(i, j) = static_cast<T>(gram[std::size_t{i} * n + j]);
      }
    }
    return t;
  }

  std::uint32_t n;
  std::vector<double> gram;
  std::vector<std::vector<std::uint32_t>> rows;
};

template <class T>
double largest_difference(const tiled_triangle<T>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::uint32_t i = 0; i < a.n(); ++i) {
    for (std::uint32_t j = 0; j <= i; ++j) {
      largest = std::max(largest, std::abs(static_cast<double>(*a.at(i, j)) - b[std::size_t{i} * a.n() + j]));
    }
  }
  return largest;
}

class sweep_inverse : public testing::TestWithParam<std::uint32_t> {};

TEST_P(sweep_inverse, equals_a_naive_inverse) {
  const random_problem problem(GetParam(), 300, 5);
  const auto expected = naive_inverse(problem.n, problem.gram);
  core::thread_pool pool(2);
  core::job job;
  auto wide = problem.triangle<double>();
  invert(wide, pool, job, "inverting");
  EXPECT_LT(largest_difference(wide, expected), 1e-13);
  auto narrow = problem.triangle<float>();
  invert(narrow, pool, job, "inverting");
  EXPECT_LT(largest_difference(narrow, expected), 1e-5);
}

// One element, one tile, several, the last of them nearly empty or full.
INSTANTIATE_TEST_SUITE_P(sizes, sweep_inverse, testing::Values(1, 2, 17, 100, 384, 385, 401));

TEST(sweep_inverse, has_the_same_bits_at_any_number_of_threads) {
  const random_problem problem(1300, 200, 3);
  core::job job;
  std::vector<tiled_triangle<double>> results;
  for (const unsigned threads : {1U, 2U, 3U, 7U}) {
    core::thread_pool pool(threads);
    results.push_back(problem.triangle<double>());
    invert(results.back(), pool, job, "inverting");
    EXPECT_EQ(std::memcmp(results[0].tile(0, 0), results.back().tile(0, 0),
                          results[0].tile_count() * results[0].tile_size() * sizeof(double)),
              0)
        << threads << " threads";
  }
}

TEST(sweep_inverse, refuses_a_matrix_that_is_not_positive_definite) {
  tiled_triangle<double> matrix(40);
  for (std::uint32_t i = 0; i < 40; ++i) {
    *matrix.at(i, i) = i == 30 ? -1 : 1;
  }
  core::thread_pool pool(1);
  core::job job;
  EXPECT_THROW(invert(matrix, pool, job, "inverting"), core::error);
}

TEST(sweep_inverse, stops_when_cancelled) {
  auto matrix = random_problem(500, 50, 1).triangle<double>();
  core::thread_pool pool(2);
  core::job job;
  job.cancel();
  try {
    invert(matrix, pool, job, "inverting");
    FAIL() << "was not cancelled";
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), core::errc::cancelled);
  }
}

template <class T>
low_rank<T> people_of(const random_problem& problem, std::uint32_t count) {
  low_rank<T> gone;
  for (std::uint32_t p = 0; p < count; ++p) {
    gone.rows.insert(gone.rows.end(), problem.rows[p].begin(), problem.rows[p].end());
  }
  std::sort(gone.rows.begin(), gone.rows.end());
  gone.rows.erase(std::unique(gone.rows.begin(), gone.rows.end()), gone.rows.end());
  gone.rank = count;
  gone.values.assign(gone.rows.size() * count, 0);
  for (std::uint32_t p = 0; p < count; ++p) {
    for (const std::uint32_t item : problem.rows[p]) {
      const auto at = std::lower_bound(gone.rows.begin(), gone.rows.end(), item) - gone.rows.begin();
      gone.values[static_cast<std::size_t>(at) * count + p] = 1;
    }
  }
  return gone;
}

template <class T>
void expect_downdate_of(std::uint32_t people, double tolerance) {
  const random_problem problem(420, 300, 5);
  core::thread_pool pool(2);
  core::job job;
  auto inverse = problem.triangle<T>();
  invert(inverse, pool, job, "inverting");
  const auto gone = people_of<T>(problem, people);
  const auto w = downdate_of_inverse(inverse, gone, T(1e-3), pool);
  ASSERT_TRUE(w.has_value());
  square served(problem.n);
  apply_downdate(inverse, *w, served, pool);

  random_problem without = problem;
  for (std::uint32_t p = 0; p < people; ++p) {
    for (const std::uint32_t i : problem.rows[p]) {
      for (const std::uint32_t j : problem.rows[p]) {
        without.gram[std::size_t{i} * problem.n + j] -= 1;
      }
    }
  }
  EXPECT_LT(largest_difference(inverse, naive_inverse(problem.n, without.gram)), tolerance);
  for (std::uint32_t i = 0; i < problem.n; ++i) {
    for (std::uint32_t j = 0; j < problem.n; ++j) {
      ASSERT_EQ(served.row(i)[j], static_cast<float>(inverse.symmetric(i, j))) << i << ' ' << j;
    }
    for (std::uint32_t j = problem.n; j < served.stride(); ++j) {
      ASSERT_EQ(served.row(i)[j], 0.0F) << i << ' ' << j;
    }
  }
}

TEST(downdate, of_one_person_equals_the_inverse_without_them) {
  expect_downdate_of<double>(1, 1e-13);
  expect_downdate_of<float>(1, 1e-5);
}

TEST(downdate, of_many_people_equals_the_inverse_without_them) {
  expect_downdate_of<double>(37, 1e-12);
  expect_downdate_of<float>(37, 1e-4);
}

TEST(downdate, is_refused_when_digits_would_be_lost) {
  // One person and a vanishing lambda: without them, nearly nothing is left to divide by.
  tiled_triangle<double> inverse(1);
  *inverse.at(0, 0) = 1 / (1 + 1e-9);
  core::thread_pool pool(1);
  const low_rank<double> gone{{0}, 1, {1.0}};
  EXPECT_FALSE(downdate_of_inverse(inverse, gone, 1e-6, pool).has_value());
  EXPECT_TRUE(downdate_of_inverse(inverse, gone, 1e-12, pool).has_value());
}

TEST(row_sum, equals_a_plain_sum_for_any_number_of_rows) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  square matrix(83);
  for (std::uint32_t i = 0; i < 83; ++i) {
    for (std::uint32_t j = 0; j < 83; ++j) {
      matrix.row(i)[j] = uniform(random);
    }
  }
  buffer<float> sums(matrix.stride());
  for (std::uint32_t count = 0; count < 20; ++count) {
    std::vector<weighted_row> rows;
    for (std::uint32_t r = 0; r < count; ++r) {
      rows.push_back({static_cast<std::uint32_t>(random() % 83), uniform(random)});
    }
    sum_rows(matrix.view(), rows, {sums.data(), sums.size()});
    for (std::uint32_t j = 0; j < 83; ++j) {
      double expected = 0;
      for (const auto& [row, weight] : rows) {
        expected += double{weight} * matrix.row(row)[j];
      }
      EXPECT_NEAR(sums[j], expected, 1e-5) << count << " rows";
    }
  }
}

}  // namespace
}  // namespace eunomia::recommend::dense
