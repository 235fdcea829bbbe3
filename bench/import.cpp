// What it takes to bring interactions in, load them, and erase one person:
//
//   import FILE [--threads N]            CSV, gzip or Parquet: the import, what it leaves, one person's history, an
//   erasure import FILE --only [--threads N]     the import alone import FILE.csv --convert FILE       the same rows as
//   .csv.gz or .parquet
//
// FILE from generate_movielens_shape. Works in a temporary folder and prints one JSON object per figure.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "core/memory.h"
#include "core/temporary_directory.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "recommend/import.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/record_reader.h"
#include "store/table/record_writer.h"
#include "store/table/table_store.h"
#include "subject/directory.h"

namespace {

using namespace eunomia;

class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void print(std::string_view figure, double value, std::string_view unit, unsigned threads) {
  fmt::print("{{\"figure\":\"{}\",\"value\":{:.4g},\"unit\":\"{}\",\"threads\":{}}}\n", figure, value, unit, threads);
  std::fflush(stdout);
}

void parse_only(const std::filesystem::path& file) {
  const stopwatch watch;
  const auto reader = store::table::open_csv(file);
  store::table::record_block block;
  std::uint64_t rows = 0;
  while (reader->next(block)) {
    rows += block.size();
  }
  print("csv_parse", static_cast<double>(reader->file_bytes()) / 1e6 / watch.seconds(), "MB/s", 1);
}

void add(store::table::column_values& to, std::string_view field) {
  const auto number = [&](auto value) {
    if (std::from_chars(field.data(), field.data() + field.size(), value).ec != std::errc()) {
      throw core::error(core::errc::invalid_argument, "a number is malformed");
    }
    to.add(value);
  };
  switch (to.type()) {
    case store::table::column_type::int64: return number(std::int64_t{});
    case store::table::column_type::float64: return number(double{});
    case store::table::column_type::text: return to.add(field);
  }
}

// Writes the rows to a file of the kind that its name ends in.
void convert(const std::filesystem::path& from, const std::filesystem::path& to) {
  constexpr std::size_t batch_rows = 100'000;
  using store::table::column_type;
  const std::vector<store::table::column> columns = {{"USER_ID", column_type::text},
                                                     {"ITEM_ID", column_type::text},
                                                     {"TIMESTAMP", column_type::int64},
                                                     {"EVENT_TYPE", column_type::text},
                                                     {"EVENT_VALUE", column_type::float64}};
  const auto reader = store::table::open_csv(from);
  if (!std::ranges::equal(reader->header(), columns, {}, {}, &store::table::column::name)) {
    throw core::error(core::errc::invalid_argument, "only what generate_movielens_shape wrote can be converted");
  }
  const auto writer = store::table::open_record_writer(to, columns);
  store::table::column_batch rows(columns);
  store::table::record_block block;
  while (reader->next(block)) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const auto fields = block.record(i);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        add(rows.columns[c], fields[c]);
      }
    }
    if (rows.rows() >= batch_rows) {
      writer->write(rows);
    }
  }
  writer->write(rows);
  writer->finish();
}

void run(const std::filesystem::path& file, bool only_import, unsigned threads) {
  const core::temporary_directory folder;
  core::thread_pool pool(threads);
  core::job job;
  if (!only_import) {
    parse_only(file);
  }
  const auto sql = store::sql::database::open((folder.path() / "eunomia.db").string());
  sql->migrate(subject::directory_migrations());
  const auto blobs = store::open_disk_blob_store(folder.path() / "blobs");
  const subject::purposes purposes(*sql);
  const std::shared_ptr<subject::vault> keys = subject::open_vault(*sql, folder.path() / "keys");
  const auto tables = store::table::open_table_store(*sql, *blobs, folder.path() / "blobs", purposes, *keys);
  const auto people = subject::open_directory(*sql, keys);
  recommend::datasets datasets(*sql, *tables, *people, purposes);
  recommend::dataset_description description;
  description.name = "movies";
  recommend::dataset movies = datasets.create(description);

  const auto report = recommend::import_files(movies, recommend::data_kind::interactions, {&file, 1}, {}, pool, job);
  print("rows", static_cast<double>(report.rows), "rows", pool.size());
  print("import", report.seconds, "s", pool.size());
  print("import_peak_memory", static_cast<double>(core::peak_resident_bytes()) / 1e9, "GB", pool.size());
  if (only_import) {
    return;
  }
  print("on_disk", static_cast<double>(movies.statistics().bytes) / 1e6, "MB", pool.size());

  const stopwatch load;
  const core::purpose why = description.purposes.front();
  const auto events = movies.load_interactions(why, pool, job);
  print("load", load.seconds(), "s", pool.size());

  const stopwatch history;
  const core::subject_handle somebody = events.subject[events.size() / 2];
  const std::size_t length = movies.history_of(somebody, why).size();
  print("history_of_one", history.seconds() * 1e3, "ms", 1);

  const stopwatch erase;
  const std::uint64_t erased = movies.erase_subjects({&somebody, 1}, pool, job).all();
  print("erase_one", erase.seconds() * 1e3, "ms", pool.size());
  if (erased != length || movies.statistics().interactions + erased != report.rows) {
    throw core::error(core::errc::internal, "the erasure took out other rows than the person's");
  }
  print("peak_memory", static_cast<double>(core::peak_resident_bytes()) / 1e9, "GB", pool.size());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    std::filesystem::path file;
    std::filesystem::path converted;
    bool only_import = false;
    unsigned threads = 0;
    for (int i = 1; i < count; ++i) {
      const std::string_view text = arguments[i];
      if (text == "--threads" && i + 1 < count) {
        const std::string_view number = arguments[++i];
        std::from_chars(number.data(), number.data() + number.size(), threads);
      } else if (text == "--convert" && i + 1 < count) {
        converted = arguments[++i];
      } else if (text == "--only") {
        only_import = true;
      } else {
        file = text;
      }
    }
    if (file.empty()) {
      fmt::print(stderr, "usage: import FILE [--only] [--convert FILE] [--threads N]\n");
      return 2;
    }
    if (!converted.empty()) {
      convert(file, converted);
    } else {
      run(file, only_import, threads);
    }
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
