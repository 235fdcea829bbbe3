#include "core/job.h"

namespace eunomia::core {

void job::report(std::string_view, std::uint64_t, std::uint64_t) {}

}  // namespace eunomia::core
