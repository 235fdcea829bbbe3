#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/digest.h"
#include "core/job.h"
#include "core/thread_pool.h"

// Looks for bytes in every file of a folder: the proof that what was erased rests nowhere, read from the disk as a
// stranger would read it, not asked of the stores that claim to have erased it.
//
// What it cannot see: inside of what is compressed or sealed (Parquet pages, data under a key). Nothing in there holds
// an identifier, which is for the stores' own queries to show.
namespace eunomia::subject {

// Shorter ones would be found by chance, or as parts of others.
inline constexpr std::size_t min_needle_bytes = 8;
inline constexpr std::size_t max_needles = 1'000'000;
// Places that a scan remembers; it counts all.
inline constexpr std::size_t max_found_places = 100;

// The bytes to look for. Every few bytes of a file the five bytes there are looked up among all runs of five that a
// needle would show at such a place (the q-gram sampling of Wu and Manber's agrep, with a bitmap before the table), so
// that the time hardly depends on how many needles there are: the goal is the speed of reading.
class needles {
 public:
  // Each at least min_needle_bytes, at most max_needles; throws errc::invalid_argument, errc::resource_exhausted.
  // Duplicates are fine.
  explicit needles(std::vector<std::string> wanted);

  std::size_t size() const { return wanted_.size(); }
  std::size_t longest() const { return longest_; }
  std::size_t length_of(std::size_t needle) const { return wanted_[needle].size(); }

  // Calls found(offset, needle) for every needle that ends in text behind its first `known` bytes.
  template <class Found>
  void find(core::bytes_view text, std::size_t known, Found found) const;

 private:
  static constexpr std::size_t gram_bytes = 5;
  struct place {
    std::uint32_t needle;
    std::uint32_t offset;
  };

  static std::uint64_t gram_at(const std::byte* at);
  std::uint64_t bit_of(std::uint64_t gram) const;

  std::vector<std::string> wanted_;
  std::size_t longest_ = 0;
  std::size_t stride_ = 1;  // at most the shortest needle's length - gram_bytes + 1
  unsigned shift_ = 0;      // of the bitmap's hash
  std::vector<std::uint64_t> bitmap_;
  std::unordered_multimap<std::uint64_t, place> places_;
};

// Looks for needles in bytes that come a piece at a time, where no file is read: of what is sealed or compressed. For
// one thread; the needles must outlive it.
class needle_search {
 public:
  // offset: in everything that came.
  using found = std::function<void(std::uint64_t offset, std::size_t needle)>;

  explicit needle_search(const needles& wanted) : wanted_(wanted) {}
  ~needle_search();
  needle_search(const needle_search&) = delete;
  needle_search& operator=(const needle_search&) = delete;

  void take(core::bytes_view piece, const found& told);

 private:
  const needles& wanted_;
  std::vector<std::byte> window_;  // the end of what came, and the piece
  std::uint64_t before_ = 0;       // bytes that came before the window
};

// Digits alone are found by chance where identifiers of items stand one after another: "3132" and "3334" are the
// hexadecimal of "1234".
inline constexpr std::size_t min_needle_digits = 16;

// A text as it may rest in a file: UTF-8, UTF-16 (little-endian), hexadecimal in either case, and what base64 makes of
// it wherever it stands in a larger text. Those that would be found by chance are left out: shorter than
// min_needle_bytes (UTF-16: twice that, as small numbers of 16 bits look like it), or digits alone and shorter than
// min_needle_digits; all of them of a text that is.
struct text_encodings {
  std::vector<std::string> unmistakable;
  bool some_left_out = false;
};
text_encodings encodings_of(std::string_view text);

struct found_place {
  std::string file;  // relative to the folder
  std::uint64_t offset = 0;
  std::size_t needle = 0;  // its index
};

struct byte_scan_report {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t found = 0;
  std::vector<found_place> places;               // the first max_found_places that are not excused, by file and offset
  std::map<std::string, std::uint64_t> excused;  // how many are, by file
};

struct byte_scan_options {
  std::span<const std::string_view> except = {};       // paths relative to the folder; what begins so is not read
  std::span<const std::filesystem::path> locked = {};  // files on which this process holds POSIX record locks: read by
                                                       // a descriptor that is not closed (core/lasting_descriptor.h)
  // Whether a needle may stand in a file (relative to the folder), so that it hides no other find; by any thread.
  std::function<bool(std::string_view file, std::size_t needle)> excused = {};
  std::function<void(std::uint64_t done, std::uint64_t total)> told = {};  // bytes that were read, by any thread
};

// Notes a find: as a place, or as excused.
void add_find(byte_scan_report& to, const std::string& file, std::uint64_t offset, std::size_t needle,
              const std::function<bool(std::string_view file, std::size_t needle)>& excused);

// Reads every regular file below the folder; links are not followed. A file that goes or shrinks meanwhile is read as
// far as it is there. Throws what keeps a file from being read: an unreadable file is no clean one; errc::cancelled.
byte_scan_report scan_bytes(const std::filesystem::path& folder, const needles& wanted, const byte_scan_options& with,
                            core::thread_pool& pool, core::job& job);

}  // namespace eunomia::subject
