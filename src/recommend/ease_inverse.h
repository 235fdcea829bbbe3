#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <variant>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/dense/downdate.h"
#include "recommend/dense/square.h"
#include "recommend/dense/tiled_triangle.h"
#include "recommend/ease_gram.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Squares to publish in turn. One that nobody holds any longer is kept for the next time, so that its memory need not
// be granted and cleared by the system again; one at most. Thread-safe.
class square_pool : public std::enable_shared_from_this<square_pool> {
 public:
  // Its old values are still there.
  std::shared_ptr<dense::square> take(std::uint32_t n);

 private:
  std::mutex mutex_;
  std::unique_ptr<dense::square> spare_;
};

// The master copy of P = (G + lambda I + dropout / (1 - dropout) diag G)^-1, in float32 or float64, from which squares
// are published.
class ease_inverse {
 public:
  struct regularisation {
    double lambda;
    double dropout;
    std::uint32_t quanta_per_unit;  // G is in 1 / quanta_per_unit^2
  };

  ease_inverse(bool float64, regularisation how) : float64_(float64), how_(how) {}

  // Whether there is a master: before derive(), and after one that failed, there is none.
  bool held() const { return matrix_.index() != 0; }
  void drop() { matrix_ = std::monostate(); }

  // From G, anew: the same bits for the same G at any number of threads. An exception, errc::cancelled among them,
  // leaves nothing held.
  void derive(const gram_matrix& gram, core::thread_pool& pool, core::job& job);
  void publish(dense::square& into, core::thread_pool& pool) const;

  // The change to P when rows of the preferences leave G; P is not changed yet. Nothing when deriving anew is cheaper
  // or safer.
  class change;
  std::unique_ptr<change> plan_without(const preferences& rows, std::span<const std::uint32_t> gone,
                                       const gram_matrix& gram, core::thread_pool& pool) const;
  // Applies it and publishes the result. G is already without the people: the rows and columns of items that have
  // vanished from it, which are those of (lambda I)^-1 but for rounding, become exactly that. Must not be interrupted.
  void apply(const change& planned, const gram_matrix& gram, dense::square& into, core::thread_pool& pool);

  // The bytes of a master, and those that deriving takes beside it.
  static std::uint64_t bytes(std::uint32_t n, bool float64);
  static std::uint64_t scratch_bytes(std::uint32_t n, bool float64);

 private:
  template <class T>
  dense::low_rank<T> factor_of(const preferences& rows, std::span<const std::uint32_t> gone,
                               const matrix_items& items) const;

  bool float64_;
  regularisation how_;
  std::variant<std::monostate, dense::tiled_triangle<float>, dense::tiled_triangle<double>> matrix_;
};

class ease_inverse::change {
 public:
  std::variant<dense::panel<float>, dense::panel<double>> w;
};

}  // namespace eunomia::recommend
