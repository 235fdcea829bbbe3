#include "core/memory.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace eunomia::core {

namespace {

namespace fs = std::filesystem;

std::optional<std::string> content_of(const fs::path& path) {
  try {
    return read_file(path, std::uint64_t{1} << 20);
  } catch (const error&) {
    return std::nullopt;
  }
}

std::optional<std::uint64_t> number_at_front(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(first);
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() ? std::optional(number) : std::nullopt;
}

// The number after a name at the start of a line.
std::optional<std::uint64_t> number_after(const std::string& lines, std::string_view name) {
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) {
      return number_at_front(std::string_view(line).substr(name.size()));
    }
  }
  return std::nullopt;
}

struct group_files {
  const char* limit;
  const char* usage;
  const char* reclaimable;  // in memory.stat: page cache that the kernel gives up first
};
constexpr group_files version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};
constexpr group_files version_2 = {"memory.max", "memory.current", "inactive_file "};

// Narrows to the group and every group above it. In a container the path may name groups of the host that cannot be
// seen from inside; then the mount point itself is the group.
void narrow(memory_status& status, const fs::path& mount, std::string group, const group_files& files) {
  while (true) {
    const fs::path folder = mount / fs::path(group).relative_path();
    if (const auto text = content_of(folder / files.limit)) {
      // "max" is no number: no limit. Version 1 writes a huge number instead.
      if (const auto limit = number_at_front(*text); limit && *limit < status.total_bytes) {
        const auto usage = number_at_front(content_of(folder / files.usage).value_or("")).value_or(0);
        const auto cache = number_after(content_of(folder / "memory.stat").value_or(""), files.reclaimable).value_or(0);
        const std::uint64_t held = usage - std::min(usage, cache);
        status.total_bytes = *limit;
        status.available_bytes = std::min(status.available_bytes, *limit - std::min(*limit, held));
      }
    }
    if (group.empty() || group == "/") {
      return;
    }
    group = fs::path(group).parent_path().string();
  }
}

}  // namespace

memory_status read_memory_status(const fs::path& root) {
  const auto meminfo = content_of(root / "proc/meminfo");
  const auto total = number_after(meminfo.value_or(""), "MemTotal:");
  const auto available = number_after(meminfo.value_or(""), "MemAvailable:");
  if (!total || !available) {
    throw error(errc::unavailable, "cannot tell how much memory there is: " + (root / "proc/meminfo").string() +
                                       " does not say; mount /proc, or set a memory limit by hand");
  }
  memory_status status{*total * 1024, *available * 1024};
  const fs::path groups = root / "sys/fs/cgroup";
  std::istringstream lines(content_of(root / "proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    // "0::/path" of version 2, "7:memory,hugetlb:/path" of version 1.
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    std::string controllers = ",";
    controllers.append(line, first + 1, second - first - 1).append(",");
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      narrow(status, groups, group, version_2);
    } else if (controllers.find(",memory,") != std::string::npos) {
      narrow(status, groups / "memory", group, version_1);
    }
  }
  return status;
}

std::uint64_t resident_bytes() {
  const auto text = content_of("/proc/self/statm").value_or("");
  const auto resident = number_at_front(std::string_view(text).substr(std::min(text.find(' '), text.size())));
  return resident.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes() {
  // Not getrusage: there a process begins with the peak of the one that started it.
  return 1024 * number_after(content_of("/proc/self/status").value_or(""), "VmHWM:").value_or(0);
}

void release_code_pages() noexcept {
  auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* of_page) {
        const std::uintptr_t size = *static_cast<std::uintptr_t*>(of_page);
        for (const ElfW(Phdr) & part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
          // What may be written holds what the linker and the program wrote there: only the file's own bytes come back.
          if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) {
            continue;
          }
          const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr + size - 1) / size * size;
          const std::uintptr_t end = (object->dlpi_addr + part.p_vaddr + part.p_memsz) / size * size;
          if (begin < end) {
            // The linker tells addresses as numbers. It is advice: when it is refused, the pages stay.
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED));
          }
        }
        return 0;
      },
      &page);
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 999.5 would print as 1000: it belongs to the next unit.
  while (amount >= 999.5 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  std::array<char, 32> text;
  const int digits = unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  const int length = std::snprintf(text.data(), text.size(), "%.*f %s", digits, amount, units[unit]);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace eunomia::core
