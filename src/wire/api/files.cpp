#include "wire/api/files.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdint>

#include "core/time.h"

namespace eunomia::wire::api {

std::filesystem::path new_file(const services& to, std::string_view extension) {
  static std::atomic<std::uint64_t> number = 0;
  return to.files / fmt::format("{}-{}.{}", core::now_ms(), number++, extension);
}

}  // namespace eunomia::wire::api
