#include "recommend/ease_inverse.h"

#include <algorithm>

#include "core/error.h"
#include "recommend/dense/blas.h"
#include "recommend/dense/sweep_inverse.h"

namespace eunomia::recommend {

namespace {

// Deriving costs n^3 operations and a downdate about n^2 for each rank, at a lower speed: beyond this share of n the
// first is cheaper.
constexpr std::uint32_t ranks_per_item = 4;

// The least 1 - x^T P x to divide by: with it, four of float64's sixteen digits may be lost, two of float32's seven.
template <class T>
constexpr T margin = sizeof(T) == 8 ? T(1e-4) : T(1e-2);

template <class T>
void fill(dense::tiled_triangle<T>& matrix, const gram_matrix& gram, const ease_inverse::regularisation& how,
          core::thread_pool& pool) {
  const double unit = 1.0 / (static_cast<double>(how.quanta_per_unit) * how.quanta_per_unit);
  const double diagonal_factor = 1 + how.dropout / (1 - how.dropout);
  pool.for_each(matrix.tile_count(), [&](std::size_t index, unsigned) {
    const auto [ti, tj] = dense::place_of_tile(index);
    for (std::uint32_t r = 0; r < matrix.rows_of(ti); ++r) {
      const std::uint32_t i = ti * matrix.edge() + r, first = tj * matrix.edge();
      const std::uint32_t columns = std::min(matrix.rows_of(tj), i - first + 1);
      const std::uint32_t* const from = gram.row(i) + first;
      T* const to = matrix.tile(ti, tj) + std::size_t{r} * matrix.edge();
      for (std::uint32_t c = 0; c < columns; ++c) {
        to[c] = static_cast<T>(from[c] * unit);
      }
      if (ti == tj) {
        to[r] = static_cast<T>(from[r] * unit * diagonal_factor + how.lambda);
      }
    }
  });
}

// The support of the people: the rows of the matrix where one of them has something.
std::vector<std::uint32_t> support_of(const preferences& rows, std::span<const std::uint32_t> gone,
                                      const matrix_items& items) {
  std::vector<std::uint32_t> support;
  for (const std::uint32_t row : gone) {
    for (const item_position item : rows.items_of(row)) {
      support.push_back(items.position[item]);
    }
  }
  std::sort(support.begin(), support.end());
  support.erase(std::unique(support.begin(), support.end()), support.end());
  return support;
}

template <class T>
void set_vanished(dense::tiled_triangle<T>& matrix, const gram_matrix& gram, double lambda, dense::square& into) {
  for (std::uint32_t i = 0; i < gram.n(); ++i) {
    if (gram.diagonal(i) != 0) {
      continue;
    }
    for (std::uint32_t j = 0; j < gram.n(); ++j) {
      const T value = i == j ? static_cast<T>(1 / lambda) : T{0};
      *matrix.at(std::max(i, j), std::min(i, j)) = value;
      into.row(i)[j] = into.row(j)[i] = static_cast<float>(value);
    }
  }
}

}  // namespace

std::shared_ptr<dense::square> square_pool::take(std::uint32_t n) {
  std::unique_ptr<dense::square> taken;
  {
    const std::lock_guard lock(mutex_);
    taken = std::move(spare_);
  }
  if (taken == nullptr || taken->n() != n) {
    taken = nullptr;  // before its successor takes memory
    taken = std::make_unique<dense::square>(n);
  }
  return {taken.release(), [home = weak_from_this()](dense::square* returned) {
            std::unique_ptr<dense::square> owned(returned);
            if (const auto pool = home.lock()) {
              const std::lock_guard lock(pool->mutex_);
              pool->spare_.swap(owned);
            }
          }};
}

void ease_inverse::derive(const gram_matrix& gram, core::thread_pool& pool, core::job& job) {
  const auto derive_in = [&]<class T>(std::type_identity<T>) {
    dense::tiled_triangle<T> matrix;
    if (auto* const old = std::get_if<dense::tiled_triangle<T>>(&matrix_); old != nullptr && old->n() == gram.n()) {
      matrix = std::move(*old);  // its memory; fill() overwrites what means something
    }
    drop();
    if (matrix.n() != gram.n()) {
      matrix = dense::tiled_triangle<T>(gram.n());
    }
    fill(matrix, gram, how_, pool);
    dense::invert(matrix, pool, job, "inverting");
    matrix_ = std::move(matrix);
  };
  float64_ ? derive_in(std::type_identity<double>()) : derive_in(std::type_identity<float>());
}

void ease_inverse::publish(dense::square& into, core::thread_pool& pool) const {
  if (float64_) {
    dense::write_square(std::get<dense::tiled_triangle<double>>(matrix_), into, pool);
  } else {
    dense::write_square(std::get<dense::tiled_triangle<float>>(matrix_), into, pool);
  }
}

// What leaves the matrix. Without dropout it is X^T X of the people's rows, so F = X^T. With dropout it is
// M = X^T X + dropout / (1 - dropout) diag(X^T X) on their support, and F is M's Cholesky factor.
template <class T>
dense::low_rank<T> ease_inverse::factor_of(const preferences& rows, std::span<const std::uint32_t> gone,
                                           const matrix_items& items) const {
  dense::low_rank<T> factor;
  factor.rows = support_of(rows, gone, items);
  const std::size_t support = factor.rows.size(), people = gone.size();
  std::vector<T> x(support * people);  // [support x people]
  for (std::size_t p = 0; p < people; ++p) {
    const auto of_person = rows.items_of(gone[p]);
    const auto weights = rows.weights_of(gone[p]);
    for (std::size_t i = 0; i < of_person.size(); ++i) {
      const auto at = std::lower_bound(factor.rows.begin(), factor.rows.end(), items.position[of_person[i]]);
      x[static_cast<std::size_t>(at - factor.rows.begin()) * people + p] =
          static_cast<T>(weights[i]) / static_cast<T>(how_.quanta_per_unit);
    }
  }
  if (how_.dropout == 0) {
    factor.rank = static_cast<std::uint32_t>(people);
    factor.values = std::move(x);
    return factor;
  }
  const int s = static_cast<int>(support), k = static_cast<int>(people);
  std::vector<T> m(support * support);
  using dense::blas::form;
  dense::blas::gemm(form::plain, form::transposed, s, s, k, 1, x.data(), k, x.data(), k, 0, m.data(), s);
  for (std::size_t i = 0; i < support; ++i) {
    m[i * support + i] *= static_cast<T>(1 + how_.dropout / (1 - how_.dropout));
    std::fill_n(m.data() + i * support + i + 1, support - i - 1, T{0});
  }
  if (!dense::blas::cholesky(s, m.data(), s)) {
    factor.rank = 0;  // only by rounding, with a dropout near 0
    return factor;
  }
  factor.rank = static_cast<std::uint32_t>(support);
  factor.values = std::move(m);
  return factor;
}

std::unique_ptr<ease_inverse::change> ease_inverse::plan_without(const preferences& rows,
                                                                 std::span<const std::uint32_t> gone,
                                                                 const gram_matrix& gram,
                                                                 core::thread_pool& pool) const {
  const std::size_t rank = how_.dropout == 0 ? gone.size() : support_of(rows, gone, gram.items()).size();
  if (!held() || rank * ranks_per_item > gram.n()) {
    return nullptr;
  }
  dense::blas::use_one_thread();
  const auto plan_in = [&]<class T>(std::type_identity<T>) -> std::unique_ptr<change> {
    const auto factor = factor_of<T>(rows, gone, gram.items());
    if (factor.rank == 0) {
      return nullptr;
    }
    auto w = dense::downdate_of_inverse(std::get<dense::tiled_triangle<T>>(matrix_), factor, margin<T>, pool);
    if (!w) {
      return nullptr;
    }
    auto planned = std::make_unique<change>();
    planned->w = std::move(*w);
    return planned;
  };
  return float64_ ? plan_in(std::type_identity<double>()) : plan_in(std::type_identity<float>());
}

void ease_inverse::apply(const change& planned, const gram_matrix& gram, dense::square& into, core::thread_pool& pool) {
  const auto apply_in = [&]<class T>(std::type_identity<T>) {
    auto& matrix = std::get<dense::tiled_triangle<T>>(matrix_);
    dense::apply_downdate(matrix, std::get<dense::panel<T>>(planned.w), into, pool);
    set_vanished(matrix, gram, how_.lambda, into);
  };
  float64_ ? apply_in(std::type_identity<double>()) : apply_in(std::type_identity<float>());
}

std::uint64_t ease_inverse::bytes(std::uint32_t n, bool float64) {
  return float64 ? dense::tiled_triangle<double>::bytes(n) : dense::tiled_triangle<float>::bytes(n);
}

std::uint64_t ease_inverse::scratch_bytes(std::uint32_t n, bool float64) {
  return float64 ? dense::inversion_scratch_bytes<double>(n) : dense::inversion_scratch_bytes<float>(n);
}

}  // namespace eunomia::recommend
