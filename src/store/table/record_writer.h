#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "store/table/column_batch.h"

namespace eunomia::store::table {

// What open_record_writer can write, by the end of a file's name.
enum class record_format { csv, csv_gzip, parquet };
// ".csv", ".csv.gz" or ".parquet"; errc::invalid_argument, naming them, for a name that ends in anything else.
record_format record_format_of(const std::filesystem::path& file);

// Writes rows for others to read, the counterpart of record_reader, in bounded memory. The file is readable by its
// owner only and takes the target's place with finish(), as core::atomic_file has it: destroyed before, this leaves
// nothing. A full disk is errc::resource_exhausted. For one thread.
class record_writer {
 public:
  virtual ~record_writer() = default;

  // Takes the rows, which have the columns of the writer and no subjects, and leaves the batch empty.
  virtual void write(column_batch& rows) = 0;
  // The file is complete and durable on return. Call once.
  virtual void finish() = 0;
};

// CSV as csv_writer.h describes, with a header line and nothing where a value is null; or Parquet with the columns as
// BIGINT, DOUBLE and VARCHAR. The columns are copied.
std::unique_ptr<record_writer> open_record_writer(const std::filesystem::path& target, std::span<const column> columns);

}  // namespace eunomia::store::table
