#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/admission.h"
#include "core/data_keys.h"
#include "store/table/admitted_rows.h"
#include "store/table/column_batch.h"
#include "store/table/duckdb_engine.h"
#include "store/table/table_store.h"

// Columns of people that rest sealed. In a part they are one column of bytes: for each row one payload with its values
// of all of them, sealed with the key of the person whom the row is about (core/seal.h). One for a row and not one for
// a value: a seal takes 40 bytes and a microsecond. The format stands at the top of the .cpp.
namespace eunomia::store::table {

// The column of a part that holds the payloads.
column sealed_payload();

// Rows of a batch as they rest. Those that rest sealed are sealed while DuckDB reads them, some thousand rows at a
// time.
class sealing_source final : public row_source {
 public:
  // What becomes of a row whose person has no key.
  enum class without_key {
    refuse,      // fill() throws errc::failed_precondition
    leave_empty  // the row rests without the values, so that whoever erases the person finds it
  };

  // All must outlive this.
  sealing_source(const table_description& of, const column_batch& rows, const core::data_key_source& keys,
                 without_key what);

  std::span<const column> columns() const override { return stored_; }
  std::optional<std::size_t> rows() const override { return rows_.rows(); }
  std::size_t fill(std::size_t begin, std::size_t most, duckdb_data_chunk into) const override;

 private:
  void fill_payloads(std::size_t begin, std::size_t count, duckdb_vector into) const;

  const table_description& table_;
  const column_batch& rows_;
  const core::data_key_source& keys_;
  const without_key without_key_;
  const std::vector<column> stored_;
};

// Opens the sealed columns that a scan was asked for. The memory is used again for the next chunk. For one thread.
class row_opener {
 public:
  // asked: positions of columns of the table, sealed or not; part: its key, for errors. All must outlive this.
  row_opener(const table_description& of, std::span<const std::size_t> asked, const core::data_key_source& keys,
             std::string_view part);

  // rows.columns: those asked for that do not rest sealed, then the payloads, as part_files::read shows them. Then
  // those asked for, in that order, valid until the next call, without the rows of people who are not admitted, or have
  // no key. The number of rows left out. Throws errc::corrupt, which names part and table and no value.
  std::size_t open(const core::admission& by, chunk& rows);

 private:
  // A column's values as DuckDB lays them out; text views plain_.
  struct opened_column {
    bool asked = false;
    std::vector<std::uint64_t> words;
    std::vector<std::uint64_t> valid;
  };

  core::data_keys keys_of(const core::admission& by, std::span<const std::int64_t> subjects) const;
  void read_payload(std::size_t row);
  [[noreturn]] void refuse() const;

  const table_description& table_;
  const std::span<const std::size_t> asked_;
  const core::data_key_source& keys_;
  const std::string_view part_;
  std::vector<opened_column> opened_;          // by position in the table
  std::vector<std::vector<std::byte>> plain_;  // the payload of each row
  admitted_rows admitted_;
};

}  // namespace eunomia::store::table
