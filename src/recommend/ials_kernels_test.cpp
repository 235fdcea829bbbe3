#include "recommend/ials_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "recommend/ials_factors.h"

namespace eunomia::recommend {
namespace {

factor_matrix random_matrix(std::mt19937_64& random, std::size_t rows, std::size_t factors) {
  factor_matrix result(rows, factors);
  std::normal_distribution<float> normal;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t j = 0; j < factors; ++j) {
      result.row(r)[j] = normal(random);
    }
  }
  return result;
}

double exact_product(const float* a, const float* b, std::size_t size) {
  double sum = 0;
  for (std::size_t j = 0; j < size; ++j) {
    sum += double{a[j]} * b[j];
  }
  return sum;
}

class every_kernel : public ::testing::TestWithParam<const ials_kernels*> {
 protected:
  const ials_kernels& kernels = *GetParam();
  std::mt19937_64 random{5};
};

TEST_P(every_kernel, sums_gathers_of_any_length_as_plain_loops_do) {
  for (const std::size_t factors : {1U, 16U, 40U, 128U}) {
    const factor_matrix rows = random_matrix(random, 50, factors);
    const factor_matrix direction = random_matrix(random, 1, factors);
    const std::size_t d = rows.stride();
    for (std::size_t count = 0; count < 35; ++count) {
      std::vector<std::uint32_t> item(count);
      std::vector<std::uint16_t> weight(count);
      for (std::size_t k = 0; k < count; ++k) {
        item[k] = static_cast<std::uint32_t>(random() % 50);
        weight[k] = static_cast<std::uint16_t>(1 + random() % 200);
      }
      for (const bool weighted : {false, true}) {
        const std::uint16_t* weights = weighted ? weight.data() : nullptr;
        std::vector<double> expected(d);
        double square = 0;
        for (std::size_t k = 0; k < count; ++k) {
          const double product = exact_product(rows.row(item[k]), direction.row(0), d);
          const double w = weights ? weight[k] / 64.0 : 1.0;
          square += w * product * product;
          for (std::size_t j = 0; j < d; ++j) {
            expected[j] += w * (1 - product) * rows.row(item[k])[j];
          }
        }
        factor_matrix out(1, factors);
        kernels.weighted_sum(rows.data(), d, item.data(), weights, 1 / 64.0F, count, direction.row(0), 1, out.row(0));
        const double size = 1 + std::sqrt(square) * 10;
        for (std::size_t j = 0; j < d; ++j) {
          EXPECT_NEAR(out.row(0)[j], expected[j], 1e-4 * size);
        }
        EXPECT_NEAR(kernels.weighted_square(rows.data(), d, item.data(), weights, 1 / 64.0F, count, direction.row(0)),
                    square, 1e-5 * (1 + square));
      }
    }
  }
}

TEST_P(every_kernel, rounds_to_the_nearest_half_and_gathers_halves_as_the_floats_they_stand_for) {
  const std::size_t factors = 32;
  factor_matrix rows = random_matrix(random, 20, factors);
  rows.row(0)[0] = 1 + 0x1p-11F;      // a tie: to even, 1
  rows.row(0)[1] = 1 + 3 * 0x1p-11F;  // a tie: to even, 1 + 2^-9
  rows.row(0)[2] = 0x1p-24F;          // the smallest subnormal half
  rows.row(0)[3] = -0x1p-26F;         // rounds to 0
  rows.row(0)[4] = 65504;
  rows.row(0)[5] = -3 * 0x1p-25F;  // a tie between subnormals
  std::vector<ials_kernels::half> halves(rows.all().size());
  kernels.to_half(rows.data(), halves.size(), 1, halves.data());
  const auto bits = [&](std::size_t j) { return static_cast<unsigned>(halves[j]) & 0x7fff; };
  EXPECT_EQ(bits(0), 0x3c00U);
  EXPECT_EQ(bits(1), 0x3c02U);
  EXPECT_EQ(bits(2), 1U);
  EXPECT_EQ(bits(3), 0U);
  EXPECT_EQ(bits(4), 0x7bffU);
  EXPECT_EQ(bits(5), 2U);
  const factor_matrix direction = random_matrix(random, 1, factors);
  for (std::size_t r = 1; r < rows.rows(); ++r) {  // the floats that the halves stand for
    for (std::size_t j = 0; j < factors; ++j) {
      const float value = rows.row(r)[j];
      const float unit = std::ldexp(1.0F, std::max(std::ilogb(value), -14) - 10);
      rows.row(r)[j] = std::nearbyint(value / unit) * unit;
    }
  }
  const std::vector<std::uint32_t> item = {1, 5, 2, 19, 3, 4, 7, 8, 6, 9, 18};
  factor_matrix from_floats(1, factors);
  factor_matrix from_halves(1, factors);
  kernels.weighted_sum(rows.data(), factors, item.data(), nullptr, 1, item.size(), direction.row(0), 1,
                       from_floats.row(0));
  kernels.weighted_sum_half(halves.data(), factors, item.data(), nullptr, 1, item.size(), direction.row(0), 1,
                            from_halves.row(0));
  EXPECT_EQ(std::memcmp(from_floats.data(), from_halves.data(), factors * sizeof(float)), 0);
  EXPECT_EQ(
      kernels.weighted_square(rows.data(), factors, item.data(), nullptr, 1, item.size(), direction.row(0)),
      kernels.weighted_square_half(halves.data(), factors, item.data(), nullptr, 1, item.size(), direction.row(0)));
}

TEST_P(every_kernel, multiplies_and_adds_gram_matrices) {
  for (const std::size_t factors : {3U, 16U, 48U, 80U}) {
    const factor_matrix rows = random_matrix(random, 37, factors);
    const factor_matrix square = random_matrix(random, factor_matrix::stride_of(factors), factors);
    const std::size_t d = rows.stride();
    factor_matrix sum(d, d);
    factor_matrix product(37, factors);
    kernels.add_gram(rows.data(), d, 37, sum.data());
    kernels.multiply(rows.data(), d, 37, square.data(), product.data());
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = i; j < d; ++j) {
        double expected = 0;
        for (std::size_t r = 0; r < 37; ++r) {
          expected += double{rows.row(r)[i]} * rows.row(r)[j];
        }
        EXPECT_NEAR(sum.row(i)[j], expected, 1e-4);
      }
    }
    for (std::size_t r = 0; r < 37; ++r) {
      for (std::size_t j = 0; j < d; ++j) {
        double expected = 0;
        for (std::size_t k = 0; k < d; ++k) {
          expected += double{rows.row(r)[k]} * square.row(k)[j];
        }
        EXPECT_NEAR(product.row(r)[j], expected, 1e-4);
      }
    }
  }
}

TEST_P(every_kernel, solves_positive_definite_systems_of_any_size) {
  for (const std::size_t size : {1U, 5U, 16U, 17U, 40U, 64U, 100U}) {
    const factor_matrix rows = random_matrix(random, 2 * size, size);
    const std::size_t d = rows.stride();
    factor_matrix a(d, size);
    kernels.add_gram(rows.data(), d, rows.rows(), a.data());
    for (std::size_t j = 0; j < size; ++j) {
      a.row(j)[j] += 1;
    }
    const factor_matrix original = a.copy();
    const factor_matrix b = random_matrix(random, 1, size);
    factor_matrix x = b.copy();
    ASSERT_TRUE(kernels.factorise(a.data(), d, size));
    kernels.substitute(a.data(), d, size, x.data());
    for (std::size_t i = 0; i < size; ++i) {
      double image = 0;
      for (std::size_t j = 0; j < size; ++j) {
        image += double{i <= j ? original.row(i)[j] : original.row(j)[i]} * x.row(0)[j];
      }
      EXPECT_NEAR(image, b.row(0)[i], 1e-3) << "size " << size;
    }
    for (std::size_t j = size; j < d; ++j) {
      EXPECT_EQ(x.row(0)[j], 0) << "padding";
    }
  }
}

TEST_P(every_kernel, refuses_a_matrix_that_is_not_positive_definite) {
  factor_matrix a(16, 16);
  a.row(0)[0] = 1;
  a.row(1)[1] = -1;
  EXPECT_FALSE(kernels.factorise(a.data(), 16, 2));
}

INSTANTIATE_TEST_SUITE_P(of_this_processor, every_kernel,
                         ::testing::ValuesIn(available_ials_kernels().begin(), available_ials_kernels().end()),
                         [](const auto& kernel) { return std::string(kernel.param->name); });

TEST(ials_kernels, with_fused_arithmetic_give_the_same_bits) {
  if (available_ials_kernels().size() < 3) {
    GTEST_SKIP() << "this processor runs fewer than two kernels with fused arithmetic";
  }
  const ials_kernels& wide = *available_ials_kernels()[0];
  const ials_kernels& narrow = *available_ials_kernels()[1];
  std::mt19937_64 random(6);
  const std::size_t factors = 72;
  const factor_matrix rows = random_matrix(random, 60, factors);
  const factor_matrix direction = random_matrix(random, 1, factors);
  const std::size_t d = rows.stride();
  std::vector<std::uint32_t> item(45);
  for (auto& i : item) {
    i = static_cast<std::uint32_t>(random() % 60);
  }
  const auto bits = [&](const ials_kernels& kernels) {
    factor_matrix out(d + 3, factors);
    kernels.weighted_sum(rows.data(), d, item.data(), nullptr, 1, item.size(), direction.row(0), 1, out.row(d));
    out.row(d + 1)[0] = kernels.weighted_square(rows.data(), d, item.data(), nullptr, 1, item.size(), direction.row(0));
    kernels.inner_products(rows.data(), d, 60, direction.row(0), out.row(d + 2));
    kernels.add_gram(rows.data(), d, 60, out.data());
    EXPECT_TRUE(kernels.factorise(out.data(), d, 60));
    kernels.substitute(out.data(), d, 60, out.row(d));
    return std::vector<float>(out.row(d), out.row(d) + 3 * d);
  };
  EXPECT_EQ(bits(wide), bits(narrow));
}

}  // namespace
}  // namespace eunomia::recommend
