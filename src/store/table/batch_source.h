#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "store/table/column_batch.h"
#include "store/table/duckdb_engine.h"

namespace eunomia::store::table {

void mark_null(duckdb_vector vector, std::size_t row);
// Writes values [begin, begin + count) of a column into a vector.
void fill_column(const column_values& values, std::size_t begin, std::size_t count, duckdb_vector into);
// Writes rows [begin, begin + count) of a batch, its subjects first where it has them, into the vectors of a chunk.
void fill_chunk(const column_batch& batch, std::size_t begin, std::size_t count, duckdb_data_chunk into);

// A batch as DuckDB reads it.
class batch_source final : public row_source {
 public:
  batch_source(const column_batch& batch, std::span<const column> columns) : batch_(batch), columns_(columns) {}

  std::span<const column> columns() const override { return columns_; }
  std::optional<std::size_t> rows() const override { return batch_.rows(); }
  std::size_t fill(std::size_t begin, std::size_t most, duckdb_data_chunk into) const override;

 private:
  const column_batch& batch_;
  std::span<const column> columns_;
};

}  // namespace eunomia::store::table
