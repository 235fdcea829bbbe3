#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/data_keys.h"
#include "store/blob/blob_store.h"
#include "store/table/duckdb_engine.h"
#include "store/table/table_store.h"

namespace eunomia::store::table {

// The condition a row must meet to be read, counted or kept.
class row_filter {
 public:
  row_filter() = default;  // every row

  // Rows whose value is one of these; without any, no row.
  static row_filter among(std::string_view column, std::span<const std::int64_t> values);
  // Rows whose value is less than the bound, but for those of the spared, handles of the table's people.
  static row_filter below(std::string_view column, std::int64_t bound, std::span<const std::int64_t> spared);
  static row_filter of_person(const rows_of_person& rows);
  // The rows that do not meet it, those without a value among them.
  row_filter others() const;

  std::string sql() const;  // " WHERE ..." or nothing

 private:
  explicit row_filter(std::string condition) : condition_(std::move(condition)) {}

  std::string condition_;  // SQL; empty: every row
};

// A temporary file of the blob store, removed with this unless somebody took it over.
class scratch_file {
 public:
  explicit scratch_file(std::filesystem::path path) : path_(std::move(path)) {}
  ~scratch_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Writes and reads the Parquet file of a part. Safe from any number of threads.
class part_files {
 public:
  part_files(blob_store& blobs, duckdb_engine& engine) : blobs_(blobs), engine_(engine) {}

  // Writes the rows as a new part, durable on return.
  part write(std::int64_t table, std::uint32_t bucket, const table_description& of, const row_source& rows);
  // Writes the rows of some parts of one bucket that pass the filter, one part after another, as a new part with all
  // columns of the table. Without a row nothing is written.
  part rewrite(std::int64_t table, const table_description& of, std::span<const part> old, const row_filter& filter);
  // Writes some parts of one bucket as a new part: of the rows with one value of the column the last, in their order.
  // Memory: these rows.
  part join_last(std::int64_t table, const table_description& of, std::span<const part> old, std::string_view column);
  // Writes the rows of some parts of one bucket, of a table none of whose columns rest sealed, as `to` describes them.
  // Memory: these rows.
  part seal(std::int64_t table, const table_description& of, const table_description& to, std::span<const part> old,
            const core::data_key_source& keys);
  std::uint64_t count(const table_description& of, const part& p, const row_filter& filter);
  // The people of some parts of one bucket, ascending; of whom all rows are old, where that is asked.
  std::vector<core::subject_handle> people_of(std::span<const part> parts, const std::optional<rows_below>& all_of);

  // Shows some columns of one part, in chunks. Those that rest sealed are behind the others, as one column of bytes,
  // which is what row_opener opens.
  struct selection {
    const table_description& table;
    std::vector<std::size_t> columns;  // positions of columns that do not rest sealed
    bool sealed = false;               // and what the others rest as

    // Everything that rests there.
    static selection all(const table_description& of);
  };
  void read(const part& p, const selection& what, const row_filter& filter,
            const std::function<void(std::size_t rows, std::span<const std::int64_t> subjects,
                                     std::vector<column_view> columns)>& visit);

  // The statement that reads some columns of some parts, part after part.
  std::string select(std::span<const part> parts, const selection& what, const row_filter& filter);

  // Unlinks a part that will not be named.
  void discard(const part& p) noexcept;

  blob_store& blobs() { return blobs_; }
  duckdb_engine& engine() { return engine_; }

 private:
  part copy(std::int64_t table, std::uint32_t bucket, std::size_t columns, const std::string& query);
  // What a FROM names: all columns of rows that meet the filter, also by columns that the parts are older than.
  std::string rows_of(std::span<const part> parts, const table_description& of, const row_filter& filter);

  blob_store& blobs_;
  duckdb_engine& engine_;
};

// The whole column list of a table as its part files have it: the subject first where it is about people, and last the
// bytes that those which rest sealed are together.
std::vector<column> stored_columns(const table_description& of);
// Where every part's key begins.
inline constexpr std::string_view part_prefix = "tables/";

}  // namespace eunomia::store::table
