#pragma once

#include "recommend/ials_kernels.h"

// The versions of the kernels, each in its own ials_kernels_*.cpp.

namespace eunomia::recommend {

#if defined(__x86_64__)
extern const ials_kernels ials_kernels_avx512;  // needs AVX-512 F, DQ, VL, BW
extern const ials_kernels ials_kernels_avx2;    // needs AVX2, FMA and F16C
#endif
extern const ials_kernels ials_kernels_portable;

}  // namespace eunomia::recommend
