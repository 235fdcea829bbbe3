#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace eunomia::core {

// The memory of the machine, or of the container when its control group (version 1 or 2, at any level above this
// process) allows less.
struct memory_status {
  std::uint64_t total_bytes = 0;      // that this process could ever use
  std::uint64_t available_bytes = 0;  // that it could take now without swapping or being killed; page cache counts
};

// Reads /proc and /sys/fs/cgroup; root: of another tree that holds them, for tests. Throws errc::unavailable when
// /proc/meminfo cannot be read.
memory_status read_memory_status(const std::filesystem::path& root = "/");

// The memory of this process that is in RAM now, and the most that ever was; 0 when the system does not say.
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

// Gives back the pages of code and constants of the program and its libraries that are in RAM: they are the files', and
// come back from the page cache when they are used. After a start most of them were touched once and never again.
void release_code_pages() noexcept;

// For people, three significant digits: "512 B", "1.50 KiB", "23.4 MiB", "16.0 EiB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace eunomia::core
