#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"

namespace eunomia::store::table {

// What is wrong with a record before anybody asks what its fields mean.
enum class record_fault : std::uint8_t {
  none,
  too_few_fields,
  too_many_fields,
  bad_quotes,
  not_utf8,
  nul_byte,
  too_long
};
std::string_view name_of(record_fault fault) noexcept;  // "too few fields"

// Some records in a row. Views: valid until the reader gives the next block.
struct record_block {
  std::size_t columns = 0;
  std::vector<std::string_view> fields;  // [records x columns], row-major; those of a faulty record are empty
  std::vector<std::uint64_t> line;       // where the record begins, from 1; of Parquet, the row, from 1
  std::vector<record_fault> fault;
  std::vector<std::uint32_t> fault_column;  // where the fault is, from 0
  std::vector<std::string_view> raw;        // the bytes of the record in a text file; else empty

  std::size_t size() const { return line.size(); }
  std::span<const std::string_view> record(std::size_t i) const { return {fields.data() + i * columns, columns}; }
  void clear();
};

// Reads a foreign file record by record, in bounded memory. For one thread.
class record_reader {
 public:
  virtual ~record_reader() = default;

  // The names of the columns, as the file has them.
  virtual const std::vector<std::string>& header() const = 0;
  // Fills the block, with at least one record; false: the end. errc::invalid_argument naming file and line where the
  // file cannot be read any further: cut or damaged, a quote never closed, a record beyond max_record_bytes.
  virtual bool next(record_block& into) = 0;
  // "line" or "row": what record_block::line counts.
  virtual std::string_view unit() const = 0;

  virtual std::uint64_t file_bytes() const = 0;       // 0: unknown
  virtual std::uint64_t file_bytes_read() const = 0;  // about; for progress
  // XXH3-128 of the file; call at the end.
  virtual core::digest128 digest() = 0;
};

inline constexpr std::size_t max_field_bytes = std::size_t(1) << 20;
inline constexpr std::size_t max_record_bytes = std::size_t(16) << 20;
inline constexpr std::size_t max_record_columns = 1024;

struct csv_options {
  char delimiter = 0;  // ',', ';' or tab; 0: whichever the header line has most of
  // How much of the file is looked at at once, at first; it grows for a longer record. What is read does not depend on
  // it, but for delimiter = 0, which the first window alone decides: tests make it small to meet its ends.
  std::size_t window_bytes = std::size_t(1) << 20;
};

// CSV as RFC 4180 has it, and what people have: LF or CRLF, a byte-order mark, ';' or tab, gzip. The first record is
// the header. Quotes count at the beginning of a field only; inside a quoted one, "" is a quote and line breaks are
// text. Empty lines are skipped. errc::invalid_argument for a file without a header.
std::unique_ptr<record_reader> open_csv(const std::filesystem::path& file, const csv_options& options = {});

// Parquet, through a DuckDB that may read that one file. Every value is given as text: times as ISO 8601 in UTC, lists
// joined by '|', null as an empty field. columns: read only these, named as in the file (as header() then gives them);
// empty: all. errc::invalid_argument for a file that is not whole.
std::unique_ptr<record_reader> open_parquet(const std::filesystem::path& file,
                                            std::span<const std::string> columns = {});

// True for a file that begins with Parquet's magic bytes.
bool is_parquet(const std::filesystem::path& file);

// A value as an error shows it: in quotes, cut after some bytes, control characters as \x1f.
std::string shown(std::string_view value);

}  // namespace eunomia::store::table
