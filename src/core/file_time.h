#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace eunomia::core {

// When a file was last written, UTC ms; nothing when it is not there.
inline std::optional<std::int64_t> last_written_ms(const std::filesystem::path& file) {
  std::error_code gone;
  const auto written = std::filesystem::last_write_time(file, gone);
  if (gone) {
    return std::nullopt;
  }
  const auto since_1970 = std::chrono::file_clock::to_sys(written).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

// Says that it was. Throws std::filesystem::filesystem_error.
inline void set_last_written_ms(const std::filesystem::path& file, std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> moment{std::chrono::milliseconds(ms)};
  std::filesystem::last_write_time(file, std::chrono::time_point_cast<std::filesystem::file_time_type::duration>(
                                             std::chrono::file_clock::from_sys(moment)));
}

}  // namespace eunomia::core
