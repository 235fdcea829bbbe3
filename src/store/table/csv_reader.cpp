// The reader works on a window of the file. A first pass of SSE2 compares marks, 64 bytes at a time, where a delimiter
// or a line feed is (one bit a byte), and whether a byte is NUL or not ASCII; the parser then steps from mark to mark,
// so that a field costs a few instructions whatever its length. Quoted fields are searched by memchr. When the window
// ends within a record, the record's bytes move to the front and the window is filled up behind them.
#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <deque>

#include "core/error.h"
#include "core/utf8.h"
#include "store/table/byte_source.h"
#include "store/table/record_reader.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

constexpr std::size_t least_window_bytes = 4;  // a byte-order mark is seen whole
constexpr std::size_t records_per_block = 4096;
constexpr std::size_t padding = 64;  // the marks of the last 64 bytes are read whole

// Finds the next delimiter or line feed.
class mark_scanner {
 public:
  mark_scanner(char delimiter) : delimiter_(_mm_set1_epi8(delimiter)), line_feed_(_mm_set1_epi8('\n')) {}

  void restart() { base_ = nullptr; }

  // The first mark at or after p; there is one: the window is closed by a line feed.
  const char* next(const char* p) {
    if (base_ == nullptr || p < base_ || p >= base_ + 64) {
      load(p);
    }
    std::uint64_t ahead = marks_ & (~std::uint64_t(0) << (p - base_));
    while (ahead == 0) {
      load(base_ + 64);
      ahead = marks_;
    }
    return base_ + std::countr_zero(ahead);
  }

 private:
  void load(const char* p) {
    base_ = p;
    marks_ = 0;
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
      const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter_), _mm_cmpeq_epi8(bytes, line_feed_));
      marks_ |= std::uint64_t(static_cast<unsigned>(_mm_movemask_epi8(hit))) << (16 * i);
    }
  }

  const __m128i delimiter_;
  const __m128i line_feed_;
  const char* base_ = nullptr;
  std::uint64_t marks_ = 0;
};

// True when every byte is ASCII and none is NUL.
bool is_plain(const char* begin, const char* end) {
  __m128i high = _mm_setzero_si128();
  __m128i nul = _mm_setzero_si128();
  const char* p = begin;
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    high = _mm_or_si128(high, bytes);
    nul = _mm_or_si128(nul, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
  }
  bool plain = _mm_movemask_epi8(_mm_or_si128(high, nul)) == 0;
  for (; p < end; ++p) {
    plain = plain && *p > 0;
  }
  return plain;
}

char most_frequent_delimiter(std::string_view line) {
  constexpr std::array<char, 3> candidates = {',', ';', '\t'};
  std::array<std::size_t, 3> count = {};
  bool quoted = false;
  for (const char c : line) {
    quoted = quoted != (c == '"');
    for (std::size_t i = 0; i < candidates.size() && !quoted; ++i) {
      count[i] += c == candidates[i] ? 1 : 0;
    }
  }
  return candidates[static_cast<std::size_t>(std::max_element(count.begin(), count.end()) - count.begin())];
}

class csv_reader final : public record_reader {
 public:
  csv_reader(const std::filesystem::path& file, const csv_options& options)
      : name_(file.string()), source_(file), window_(std::max(options.window_bytes, least_window_bytes) + padding) {
    fill();
    if (end_ - begin_ >= 3 && std::memcmp(window_.data(), "\xef\xbb\xbf", 3) == 0) {
      begin_ += 3;
    }
    delimiter_ = options.delimiter != 0 ? options.delimiter : most_frequent_delimiter(first_line());
    if (delimiter_ != ',' && delimiter_ != ';' && delimiter_ != '\t') {
      throw error(errc::invalid_argument, "a CSV delimiter is a comma, a semicolon or a tab");
    }
    scanner_.emplace(delimiter_);
    read_header();
  }

  const std::vector<std::string>& header() const override { return header_; }
  std::string_view unit() const override { return "line"; }
  std::uint64_t file_bytes() const override { return source_.file_bytes(); }
  std::uint64_t file_bytes_read() const override { return source_.file_bytes_read(); }
  core::digest128 digest() override { return source_.digest(); }

  bool next(record_block& into) override {
    into.clear();
    into.columns = header_.size();
    unescaped_.clear();
    // The views of a block must stay: the window may only move before its first record.
    while (into.size() < records_per_block) {
      const outcome got = parse(into);
      if (got == outcome::record) {
        continue;
      }
      if (into.size() > 0) {
        return true;
      }
      if (got == outcome::need_more && !fill_more()) {
        return false;
      }
      if (got == outcome::end) {
        return false;
      }
    }
    return true;
  }

 private:
  enum class outcome { record, need_more, end };

  std::string_view first_line() const {
    const char* begin = window_.data() + begin_;
    return {begin, static_cast<std::size_t>(std::find(begin, window_.data() + end_, '\n') - begin)};
  }

  void read_header() {
    record_block block;
    while (true) {
      const outcome got = parse(block);
      if (got == outcome::record) {
        break;
      }
      if (got == outcome::end || !fill_more()) {
        throw error(errc::invalid_argument, name_ + ": the file is empty; its first line must name the columns");
      }
    }
    if (block.fault[0] != record_fault::none) {
      throw error(errc::invalid_argument, name_ + ":" + std::to_string(block.line[0]) +
                                              ": the header: " + std::string(name_of(block.fault[0])));
    }
    header_.assign(block.fields.begin(), block.fields.end());
    header_.shrink_to_fit();
  }

  // Reads on until the window is full or the file ends.
  void fill() {
    while (!finished_ && end_ + padding < window_.size()) {
      const std::size_t got = source_.read({window_.data() + end_, window_.size() - padding - end_});
      end_ += got;
      finished_ = got == 0;
    }
    if (finished_ && !closed_ && end_ > begin_) {
      // A last line without a line feed gets one, so that every record ends in one.
      closed_ = true;
      if (window_[end_ - 1] != '\n') {
        window_.resize(std::max(window_.size(), end_ + 1 + padding));
        window_[end_++] = '\n';
      }
    }
    std::memset(window_.data() + end_, 0, window_.size() - end_);
    plain_ = is_plain(window_.data() + begin_, window_.data() + end_);
    last_feed_ = find_last_feed();
    if (scanner_) {
      scanner_->restart();
    }
  }

  const char* find_last_feed() const {
    const void* found = memrchr(window_.data() + begin_, '\n', end_ - begin_);
    return static_cast<const char*>(found);
  }

  // Brings more of the file into the window; false when there is no more.
  bool fill_more() {
    if (finished_) {
      if (begin_ == end_) {
        return false;
      }
      throw error(errc::invalid_argument, name_ + ":" + std::to_string(line_) +
                                              ": a quote that opens on this line is never closed before the end");
    }
    const std::size_t left = end_ - begin_;
    if (left >= max_record_bytes) {
      throw error(errc::invalid_argument, name_ + ":" + std::to_string(line_) +
                                              ": the record has more than max_record_bytes = " +
                                              std::to_string(max_record_bytes) + " bytes; is a quote never closed?");
    }
    std::memmove(window_.data(), window_.data() + begin_, left);
    begin_ = 0;
    end_ = left;
    if (left + padding >= window_.size() / 2) {
      window_.resize(window_.size() * 2);
    }
    fill();
    return true;
  }

  // Parses the record at begin_ into the block, or finds that the window holds no whole one.
  outcome parse(record_block& into) {
    const char* p = window_.data() + begin_;
    const char* const end = window_.data() + end_;
    while (p < end && (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'))) {
      p += *p == '\r' ? 2 : 1;
      ++line_;
    }
    begin_ = static_cast<std::size_t>(p - window_.data());
    if (p == end) {
      return finished_ ? outcome::end : outcome::need_more;
    }
    if (last_feed_ == nullptr || p > last_feed_) {
      return outcome::need_more;
    }
    const std::size_t expected = header_.size();
    const std::size_t first_field = into.fields.size();
    record_fault fault = record_fault::none;
    std::size_t fault_column = 0;
    std::uint64_t feeds = 1;
    const auto blame = [&](record_fault what, std::size_t column) {
      if (fault == record_fault::none) {
        fault = what;
        fault_column = column;
      }
    };
    const char* const begin = p;
    std::size_t count = 0;
    while (true) {
      std::string_view field;
      const char* mark;
      if (*p == '"') {
        if (!quoted_field(p, end, field, mark, feeds)) {
          into.fields.resize(first_field);
          return outcome::need_more;
        }
        if (mark == nullptr) {  // text after the closing quote
          blame(record_fault::bad_quotes, count);
          mark = scanner_->next(p);
        }
      } else {
        if (p > last_feed_) {
          into.fields.resize(first_field);
          return outcome::need_more;
        }
        mark = scanner_->next(p);
        const char* stop = mark;
        if (*mark == '\n' && stop > p && stop[-1] == '\r') {
          --stop;
        }
        field = {p, static_cast<std::size_t>(stop - p)};
      }
      if (field.size() > max_field_bytes) {
        blame(record_fault::too_long, count);
      }
      if (!plain_) {
        check_text(field, count, blame);
      }
      if (expected == 0 ? count < max_record_columns : count < expected) {
        into.fields.push_back(field);
      } else {
        blame(record_fault::too_many_fields, count);
      }
      ++count;
      p = mark + 1;
      if (*mark == '\n') {
        break;
      }
    }
    if (expected != 0 && count < expected) {
      blame(record_fault::too_few_fields, count);
    }
    const char* stop = p - (p > begin && p[-1] == '\n' ? 1 : 0);
    stop -= stop > begin && stop[-1] == '\r' ? 1 : 0;
    finish(into, {begin, static_cast<std::size_t>(stop - begin)}, first_field, fault, fault_column);
    begin_ = static_cast<std::size_t>(p - window_.data());
    line_ += feeds;
    return outcome::record;
  }

  void finish(record_block& into, std::string_view raw, std::size_t first_field, record_fault fault,
              std::size_t fault_column) {
    if (!header_.empty() && fault != record_fault::none) {
      into.fields.resize(first_field);
      into.fields.resize(first_field + header_.size());
    }
    into.line.push_back(line_);
    into.fault.push_back(fault);
    into.fault_column.push_back(static_cast<std::uint32_t>(fault_column));
    into.raw.push_back(raw);
  }

  template <class Blame>
  static void check_text(std::string_view field, std::size_t column, const Blame& blame) {
    if (std::memchr(field.data(), 0, field.size()) != nullptr) {
      blame(record_fault::nul_byte, column);
    } else if (!core::is_utf8(field)) {
      blame(record_fault::not_utf8, column);
    }
  }

  // A field that begins with a quote at p: its text, and the delimiter or line feed behind it; mark == nullptr when
  // something else is there, and p is then where to go on. False: the window ends within the field.
  bool quoted_field(const char*& p, const char* end, std::string_view& field, const char*& mark, std::uint64_t& feeds) {
    const char* const begin = p + 1;
    const char* from = begin;
    const char* quote;
    bool doubled = false;
    while (true) {
      quote = static_cast<const char*>(std::memchr(from, '"', static_cast<std::size_t>(end - from)));
      if (quote == nullptr || quote + 1 == end) {
        return false;
      }
      if (quote[1] != '"') {
        break;
      }
      doubled = true;
      from = quote + 2;
    }
    if (quote + 1 == end - 1 && quote[1] == '\r') {
      return false;
    }
    feeds += static_cast<std::uint64_t>(std::count(begin, quote, '\n'));
    field = {begin, static_cast<std::size_t>(quote - begin)};
    if (doubled) {
      field = unescape(field);
    }
    p = quote + 1;
    if (*p == delimiter_ || *p == '\n') {
      mark = p;
    } else if (*p == '\r' && p[1] == '\n') {
      mark = p + 1;
    } else {
      mark = nullptr;
      return p <= last_feed_;
    }
    return true;
  }

  std::string_view unescape(std::string_view quoted) {
    std::string& out = unescaped_.emplace_back();
    out.reserve(quoted.size());
    for (std::size_t i = 0; i < quoted.size(); ++i) {
      out += quoted[i];
      i += quoted[i] == '"' ? 1 : 0;
    }
    return out;
  }

  const std::string name_;
  byte_source source_;
  std::vector<char> window_;
  std::size_t begin_ = 0;  // of the next record
  std::size_t end_ = 0;    // of what the window holds
  const char* last_feed_ = nullptr;
  bool plain_ = false;
  bool finished_ = false;  // the file has no more
  bool closed_ = false;
  std::uint64_t line_ = 1;
  char delimiter_ = ',';
  std::optional<mark_scanner> scanner_;
  std::vector<std::string> header_;
  std::deque<std::string> unescaped_;  // fields that held doubled quotes
};

}  // namespace

std::string_view name_of(record_fault fault) noexcept {
  switch (fault) {
    case record_fault::none: return "none";
    case record_fault::too_few_fields: return "too few fields";
    case record_fault::too_many_fields: return "too many fields";
    case record_fault::bad_quotes: return "text after a closing quote";
    case record_fault::not_utf8: return "not UTF-8";
    case record_fault::nul_byte: return "a NUL byte";
    case record_fault::too_long: return "a field longer than max_field_bytes = 1048576";
  }
  return "none";
}

void record_block::clear() {
  fields.clear();
  line.clear();
  fault.clear();
  fault_column.clear();
  raw.clear();
}

std::string shown(std::string_view value) {
  constexpr std::size_t longest = 80;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  std::string_view rest = value;
  while (!rest.empty() && out.size() < longest) {
    const std::size_t length = core::utf8_sequence_at_front(rest);
    const auto first = static_cast<unsigned char>(rest.front());
    if (length == 0 || first < 0x20 || first == 0x7f) {
      out += {'\\', 'x', digits[first >> 4], digits[first & 15]};
      rest.remove_prefix(1);
    } else {
      out += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return out + (rest.empty() ? "\"" : "...\" (" + std::to_string(value.size()) + " bytes)");
}

std::unique_ptr<record_reader> open_csv(const std::filesystem::path& file, const csv_options& options) {
  return std::make_unique<csv_reader>(file, options);
}

}  // namespace eunomia::store::table
