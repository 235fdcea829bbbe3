#include "subject/erasure/byte_scan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <numeric>
#include <tuple>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/lasting_descriptor.h"
#include "core/seal.h"

namespace eunomia::subject {

namespace fs = std::filesystem;

namespace {

// What one task reads, and of it what one read(2) gets: it stays in the second-level cache.
constexpr std::uint64_t task_bytes = std::uint64_t{32} << 20;
constexpr std::size_t block_bytes = std::size_t{256} << 10;

// A piece of a file: the needles that end in [begin, end).
struct piece {
  fs::path file;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// As many bytes as there are up to size.
std::size_t read_at(int file, std::uint64_t offset, std::byte* into, std::size_t size, const fs::path& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file, into + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      core::throw_system_error(errno, "cannot read", path);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

bool begins_with_any(std::string_view path, std::span<const std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

bool is_among(const fs::path& file, std::span<const fs::path> others) {
  return std::ranges::any_of(others, [&](const fs::path& other) {
    std::error_code gone;
    return other.filename() == file.filename() && fs::equivalent(file, other, gone);
  });
}

// In pieces, by name.
std::vector<piece> files_of(const fs::path& folder, std::span<const std::string_view> except) {
  std::vector<piece> all;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    std::error_code gone;
    if (fs::is_symlink(entry->symlink_status(gone)) || !entry->is_regular_file(gone) ||
        begins_with_any(entry->path().lexically_relative(folder).string(), except)) {
      continue;
    }
    const std::uint64_t size = entry->file_size(gone);
    for (std::uint64_t begin = 0; !gone && begin < size; begin += task_bytes) {
      all.push_back({entry->path(), begin, std::min(begin + task_bytes, size)});
    }
  }
  std::ranges::sort(
      all, [](const piece& a, const piece& b) { return a.file != b.file ? a.file < b.file : a.begin < b.begin; });
  return all;
}

}  // namespace

needles::needles(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {
  if (wanted_.size() > max_needles) {
    throw core::error(
        core::errc::resource_exhausted,
        fmt::format("a byte scan looks for {} texts, more than max_needles = {}", wanted_.size(), max_needles));
  }
  std::size_t shortest = SIZE_MAX;
  for (const std::string& one : wanted_) {
    shortest = std::min(shortest, one.size());
    longest_ = std::max(longest_, one.size());
  }
  if (shortest < min_needle_bytes) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("a byte scan looks for a text of {} bytes; min_needle_bytes = {}", shortest, min_needle_bytes));
  }
  stride_ = wanted_.empty() ? 1 : shortest - gram_bytes + 1;
  // Sixteen bits for each gram keep the table out of the loop: one position in sixteen asks it.
  const std::size_t bits = std::bit_ceil(std::max<std::size_t>(wanted_.size() * stride_ * 16, 1024));
  shift_ = static_cast<unsigned>(64 - std::countr_zero(bits));
  bitmap_.resize(bits / 64);
  places_.reserve(wanted_.size() * stride_);
  for (std::uint32_t n = 0; n < wanted_.size(); ++n) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(wanted_[n].data());
    for (std::uint32_t offset = 0; offset < stride_; ++offset) {
      // A needle of eight bytes has no eight at its end.
      std::byte padded[8] = {};
      std::memcpy(padded, bytes + offset, std::min<std::size_t>(sizeof padded, wanted_[n].size() - offset));
      const std::uint64_t gram = gram_at(padded);
      const std::uint64_t bit = bit_of(gram);
      bitmap_[bit / 64] |= std::uint64_t{1} << (bit % 64);
      places_.emplace(gram, place{n, offset});
    }
  }
}

std::uint64_t needles::gram_at(const std::byte* at) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, at, sizeof eight);
  return eight << (64 - 8 * gram_bytes);
}

std::uint64_t needles::bit_of(std::uint64_t gram) const {
  constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;
  return (gram * golden_ratio) >> shift_;
}

template <class Found>
void needles::find(core::bytes_view text, std::size_t known, Found found) const {
  // The last positions, where eight bytes would not fit, are read from a copy with zeros behind.
  const auto look = [&](std::uint64_t gram, std::size_t at) {
    const std::uint64_t bit = bit_of(gram);
    if ((bitmap_[bit / 64] >> (bit % 64) & 1U) == 0) [[likely]] {
      return;
    }
    const auto [first, last] = places_.equal_range(gram);
    for (auto it = first; it != last; ++it) {
      const auto [needle, offset] = it->second;
      const std::string& one = wanted_[needle];
      if (offset > at || at - offset + one.size() > text.size() || at - offset + one.size() <= known) {
        continue;
      }
      if (std::memcmp(text.data() + at - offset, one.data(), one.size()) == 0) {
        found(at - offset, std::size_t{needle});
      }
    }
  };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += stride_) {
    look(gram_at(text.data() + at), at);
  }
  for (; at + gram_bytes <= text.size(); at += stride_) {
    std::byte padded[8] = {};
    std::memcpy(padded, text.data() + at, text.size() - at);
    look(gram_at(padded), at);
  }
}

text_encodings encodings_of(std::string_view text) {
  const auto by_chance = [](std::string_view bytes, std::size_t least) {
    const bool digits = std::ranges::all_of(bytes, [](char c) { return c >= '0' && c <= '9'; });
    return bytes.size() < (digits ? std::max(least, min_needle_digits) : least);
  };
  text_encodings result;
  if (by_chance(text, 0)) {
    result.some_left_out = true;
    return result;
  }
  std::vector<std::string>& all = result.unmistakable;
  const auto add = [&](std::string_view bytes, std::size_t least = min_needle_bytes) {
    if (by_chance(bytes, least)) {
      result.some_left_out = true;
    } else {
      all.emplace_back(bytes);
    }
  };
  add(text);
  std::string wide;
  for (std::size_t i = 0; i < text.size();) {
    // Valid UTF-8: an identifier was checked at the door.
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = point << 6U | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    i += length;
    const auto unit = [&](char32_t u) { wide.append({static_cast<char>(u & 0xFFU), static_cast<char>(u >> 8U)}); };
    if (point < 0x10000) {
      unit(point);
    } else {
      unit(0xD800 + ((point - 0x10000) >> 10U));
      unit(0xDC00 + ((point - 0x10000) & 0x3FFU));
    }
  }
  add(wide, 2 * min_needle_bytes);
  const std::string hex = core::to_hex(core::as_bytes(text));
  add(hex);
  std::string upper = hex;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (upper != hex) {
    add(upper);
  }
  // Three bytes become four characters, so that it matters where the text begins; characters that hold bits of what
  // stands before or behind it are left out.
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string encoded = core::to_base64(std::string(before, '\0') + std::string(text));
    const std::size_t begin = before == 0 ? 0 : before + 1;
    const std::size_t end = (before + text.size()) * 8 / 6;
    if (end > begin) {
      add(encoded.substr(begin, end - begin));
    }
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return result;
}

needle_search::~needle_search() {
  core::wipe(window_);
}

void needle_search::take(core::bytes_view piece, const found& told) {
  if (wanted_.size() == 0) {
    return;
  }
  const std::size_t kept = std::min(window_.size(), wanted_.longest() - 1);
  before_ += window_.size() - kept;
  std::move(window_.end() - static_cast<std::ptrdiff_t>(kept), window_.end(), window_.begin());
  window_.resize(kept);
  window_.insert(window_.end(), piece.begin(), piece.end());
  wanted_.find(window_, kept, [&](std::size_t at, std::size_t needle) { told(before_ + at, needle); });
}

void add_find(byte_scan_report& to, const std::string& file, std::uint64_t offset, std::size_t needle,
              const std::function<bool(std::string_view file, std::size_t needle)>& excused) {
  ++to.found;
  if (excused && excused(file, needle)) {
    ++to.excused[file];
  } else if (to.places.size() < max_found_places) {
    to.places.push_back({file, offset, needle});
  }
}

byte_scan_report scan_bytes(const fs::path& folder, const needles& wanted, const byte_scan_options& with,
                            core::thread_pool& pool, core::job& job) {
  const std::vector<piece> pieces = files_of(folder, with.except);
  const std::size_t overlap = wanted.longest() == 0 ? 0 : wanted.longest() - 1;
  byte_scan_report report;
  std::mutex mutex;  // of the report
  std::atomic<std::uint64_t> bytes = 0;
  const std::uint64_t total =
      std::accumulate(pieces.begin(), pieces.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const piece& one) { return sum + one.end - one.begin; });
  pool.for_each(pieces.size(), [&](std::size_t i, unsigned) {
    const piece& of = pieces[i];
    core::file_descriptor closed_afterwards;
    int file = -1;
    try {
      if (is_among(of.file, with.locked)) {
        file = core::lasting_descriptor(of.file);
      } else {
        closed_afterwards = core::open_file(of.file, O_RDONLY | O_NOFOLLOW);
        file = closed_afterwards.get();
      }
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::not_found) {
        return;
      }
      throw;
    }
    const std::string name = of.file.lexically_relative(folder).string();
    std::vector<std::byte> buffer(overlap + block_bytes);
    // A needle belongs to the piece in which it ends.
    std::size_t kept = static_cast<std::size_t>(std::min<std::uint64_t>(overlap, of.begin));
    kept = read_at(file, of.begin - kept, buffer.data(), kept, of.file);
    for (std::uint64_t at = of.begin; at < of.end;) {
      job.check();
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, of.end - at));
      const std::size_t got = read_at(file, at, buffer.data() + kept, size, of.file);
      wanted.find(core::bytes_view(buffer).first(kept + got), kept, [&](std::size_t offset, std::size_t needle) {
        const bool excused = with.excused && with.excused(name, needle);
        const std::lock_guard lock(mutex);
        ++report.found;
        if (excused) {
          ++report.excused[name];
        } else {
          report.places.push_back({name, at - kept + offset, needle});
        }
      });
      at += got;
      const std::uint64_t so_far = bytes += got;
      if (with.told) {
        with.told(std::min(so_far, total), total);
      }
      if (got < size) {
        break;
      }
      const std::size_t next = std::min(overlap, kept + got);
      std::memmove(buffer.data(), buffer.data() + kept + got - next, next);
      kept = next;
    }
  });
  report.bytes = bytes;
  std::ranges::sort(report.places, [](const found_place& a, const found_place& b) {
    return std::tie(a.file, a.offset, a.needle) < std::tie(b.file, b.offset, b.needle);
  });
  if (report.places.size() > max_found_places) {
    report.places.resize(max_found_places);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    report.files += i == 0 || pieces[i].file != pieces[i - 1].file ? 1 : 0;
  }
  return report;
}

}  // namespace eunomia::subject
