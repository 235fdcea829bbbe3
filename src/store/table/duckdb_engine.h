#pragma once

#include <duckdb.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/table/column_batch.h"

// DuckDB's C API, with owners for its handles and core::error for its states. Only for this room.
namespace eunomia::store::table {

// 'text' with its quotes doubled; "name" likewise. For the SQL that is given to DuckDB.
std::string quoted_text(std::string_view text);
std::string quoted_name(std::string_view name);
// A path as a literal. errc::invalid_argument for one that DuckDB would take for a pattern (*, ?, [).
std::string quoted_path(const std::filesystem::path& file);

// Rows that a statement reads from our memory.
class row_source {
 public:
  virtual ~row_source() = default;
  virtual std::span<const column> columns() const = 0;
  virtual std::optional<std::size_t> rows() const = 0;  // nothing: not known yet
  // Writes the rows from begin on, not more than most, into the vectors of a chunk and returns how many; 0 is the end.
  // Called with begin growing from 0 without gaps.
  virtual std::size_t fill(std::size_t begin, std::size_t most, duckdb_data_chunk into) const = 0;

  // What fill() threw: DuckDB passes on what it says, and neither its code nor its type.
  const std::exception_ptr& problem() const { return problem_; }
  void keep(std::exception_ptr problem) const { problem_ = std::move(problem); }

 private:
  mutable std::exception_ptr problem_;
};

// A chunk of a result; its columns are valid as long as it.
class result_chunk {
 public:
  explicit result_chunk(duckdb_data_chunk chunk) : chunk_(chunk) {}
  ~result_chunk() {
    if (chunk_ != nullptr) {
      duckdb_destroy_data_chunk(&chunk_);
    }
  }
  result_chunk(result_chunk&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  result_chunk(const result_chunk&) = delete;
  result_chunk& operator=(const result_chunk&) = delete;

  explicit operator bool() const { return chunk_ != nullptr; }
  std::size_t rows() const { return duckdb_data_chunk_get_size(chunk_); }
  column_view column(std::size_t index, column_type type) const;

 private:
  duckdb_data_chunk chunk_;
};

class duckdb_session;

// A result that is computed as it is fetched.
class result_stream {
 public:
  ~result_stream();
  result_stream(const result_stream&) = delete;
  result_stream& operator=(const result_stream&) = delete;

  std::size_t columns() { return duckdb_column_count(&result_); }
  std::string column_name(std::size_t index) { return duckdb_column_name(&result_, index); }
  std::string column_type_name(std::size_t index);
  // The next chunk, or one that is false. Never empty.
  result_chunk next();

 private:
  friend class duckdb_session;
  result_stream() = default;

  duckdb_prepared_statement statement_ = nullptr;
  duckdb_result result_ = {};
};

// One in-memory instance that may touch the named folders and files and nothing else, loads no extension, and whose
// settings are locked. Statements run on the thread that calls: parallelism is our own, so that the order of rows is.
// Safe from any number of threads, a session for each.
class duckdb_engine {
 public:
  struct limits {
    std::uint64_t memory = std::uint64_t(1) << 30;  // bytes
    std::vector<std::filesystem::path> folders;
    std::vector<std::filesystem::path> files;
  };

  explicit duckdb_engine(const limits& allowed);
  ~duckdb_engine();
  duckdb_engine(const duckdb_engine&) = delete;
  duckdb_engine& operator=(const duckdb_engine&) = delete;

  duckdb_session connect();

  // Names the source in SQL while it lives: SELECT * FROM <sql()>.
  class shown_source {
   public:
    shown_source(duckdb_engine& engine, const row_source& source);
    ~shown_source();
    shown_source(const shown_source&) = delete;
    shown_source& operator=(const shown_source&) = delete;
    std::string sql() const;

   private:
    duckdb_engine& engine_;
    std::int64_t id_;
  };

  const row_source* source_of(std::int64_t id);  // null: none

 private:
  void register_source_function();

  duckdb_database database_ = nullptr;
  std::mutex mutex_;
  std::map<std::int64_t, const row_source*> sources_;
  std::int64_t last_source_ = 0;
};

// A connection; for one thread at a time.
class duckdb_session {
 public:
  explicit duckdb_session(duckdb_database database);
  ~duckdb_session();
  duckdb_session(duckdb_session&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  duckdb_session(const duckdb_session&) = delete;
  duckdb_session& operator=(const duckdb_session&) = delete;

  // Errors: resource_exhausted (disk full, memory limit), permission_denied (outside the sandbox), cancelled,
  // invalid_argument (what the statement reads is not what it should be), unavailable (I/O), internal.
  void execute(const std::string& sql);
  // The first column of the first row.
  std::int64_t number(const std::string& sql);
  std::unique_ptr<result_stream> stream(const std::string& sql);

  duckdb_connection handle() { return connection_; }

 private:
  duckdb_connection connection_ = nullptr;
};

}  // namespace eunomia::store::table
