#include "recommend/ials_kernels.h"

#include <array>

#include "recommend/ials_kernels_table.h"

namespace eunomia::recommend {

namespace {

struct available_kernels {
  std::array<const ials_kernels*, 3> table{};
  std::size_t count = 0;

  available_kernels() {
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
      table[count++] = &ials_kernels_avx512;
    }
    if (avx2) {
      table[count++] = &ials_kernels_avx2;
    }
#endif
    table[count++] = &ials_kernels_portable;
  }
};

}  // namespace

std::span<const ials_kernels* const> available_ials_kernels() noexcept {
  static const available_kernels available;
  return {available.table.data(), available.count};
}

const ials_kernels& best_ials_kernels() noexcept {
  return *available_ials_kernels().front();
}

}  // namespace eunomia::recommend
