// A part is one Parquet file, tables/<table>/<bucket>/<random>.parquet: the handles first where the table is about
// people, then the columns the table had when it was written but for those that rest sealed, which are one column of
// bytes behind them (sealed_rows.h), in row groups of 122,880 rows, zstd-compressed.
#include "store/table/part_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "core/error.h"
#include "store/table/sealed_rows.h"

namespace eunomia::store::table {

namespace {

// On 20 M generated interactions (bench/import) zstd takes 111 MB and snappy 174 MB, with the same 14.5 s of processor
// time from parsing the CSV to loading and erasing.
constexpr std::string_view copy_options =
    "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, USE_TMP_FILE false)";

// The name of a part says nothing about what it holds.
std::string random_name() {
  thread_local std::random_device source;
  const auto word = [] { return std::uint64_t(source()) << 32 | source(); };
  return fmt::format("{:016x}{:016x}", word(), word());
}

std::string_view sql_type(const column& of) {
  if (of.sealed) {
    return "BLOB";
  }
  switch (of.type) {
    case column_type::int64: return "BIGINT";
    case column_type::float64: return "DOUBLE";
    case column_type::text: return "VARCHAR";
  }
  return "";
}

[[noreturn]] void damaged(const part& p, const std::exception& problem) {
  throw core::error(core::errc::corrupt, "part " + p.blob.key + " cannot be read: " + problem.what());
}

}  // namespace

std::vector<column> stored_columns(const table_description& of) {
  std::vector<column> columns;
  if (of.about_people) {
    columns.push_back({std::string(subject_column), column_type::int64});
  }
  std::ranges::copy_if(of.columns, std::back_inserter(columns), [](const column& c) { return !c.sealed; });
  if (has_sealed(of.columns)) {
    columns.push_back(sealed_payload());
  }
  return columns;
}

part_files::selection part_files::selection::all(const table_description& of) {
  selection all{of, {}, has_sealed(of.columns)};
  for (std::size_t i = 0; i < of.columns.size(); ++i) {
    if (!of.columns[i].sealed) {
      all.columns.push_back(i);
    }
  }
  return all;
}

row_filter row_filter::among(std::string_view column, std::span<const std::int64_t> values) {
  return row_filter(values.empty() ? "false" : fmt::format("{} IN ({})", quoted_name(column), fmt::join(values, ",")));
}

row_filter row_filter::below(std::string_view column, std::int64_t bound, std::span<const std::int64_t> spared) {
  std::string condition = fmt::format("{} < {}", quoted_name(column), bound);
  if (!spared.empty()) {
    condition += fmt::format(" AND {} NOT IN ({})", quoted_name(subject_column), fmt::join(spared, ","));
  }
  return row_filter(std::move(condition));
}

namespace {

std::string literal_of(const key_value& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    return std::to_string(*number);
  }
  const auto* const text = std::get_if<std::string>(&value);
  return text == nullptr ? "NULL" : quoted_text(*text);
}

}  // namespace

row_filter row_filter::of_person(const rows_of_person& rows) {
  std::string any;
  for (const row_key& key : rows.keys) {
    std::string all = "true";
    for (const auto& [column, value] : key) {
      all += fmt::format(" AND {} IS NOT DISTINCT FROM {}", quoted_name(column), literal_of(value));
    }
    any += fmt::format("{}({})", any.empty() ? "" : " OR ", all);
  }
  return row_filter(any.empty() ? "false"
                                : fmt::format("{} = {} AND ({})", quoted_name(subject_column), rows.who.value(), any));
}

row_filter row_filter::others() const {
  return row_filter(condition_.empty() ? "false" : fmt::format("({}) IS NOT TRUE", condition_));
}

std::string row_filter::sql() const {
  return condition_.empty() ? "" : fmt::format(" WHERE {}", condition_);
}

part part_files::copy(std::int64_t table, std::uint32_t bucket, std::size_t columns, const std::string& query) {
  part made;
  made.bucket = bucket;
  made.columns = columns;
  const scratch_file file(blobs_.scratch_path(".parquet"));
  duckdb_session session = engine_.connect();
  made.rows = static_cast<std::uint64_t>(
      session.number(fmt::format("COPY ({}) TO {} {}", query, quoted_path(file.path()), copy_options)));
  if (made.rows == 0) {
    return made;
  }
  made.blob.key = fmt::format("{}{}/{}/{}.parquet", part_prefix, table, bucket, random_name());
  made.blob = blobs_.adopt(file.path(), made.blob.key);
  return made;
}

part part_files::write(std::int64_t table, std::uint32_t bucket, const table_description& of, const row_source& rows) {
  const duckdb_engine::shown_source source(engine_, rows);
  part made;
  try {
    made = copy(table, bucket, of.columns.size(), "SELECT * FROM " + source.sql());
  } catch (...) {
    if (rows.problem()) {
      std::rethrow_exception(rows.problem());
    }
    throw;
  }
  if (made.rows != rows.rows()) {
    discard(made);
    throw core::error(core::errc::internal,
                      fmt::format("{} rows were given and {} written", rows.rows().value_or(0), made.rows));
  }
  return made;
}

std::string part_files::select(std::span<const part> parts, const selection& what, const row_filter& filter) {
  std::size_t known = 0;  // read_parquet cannot name a column that no part has
  std::string files;
  for (const part& p : parts) {
    known = std::max(known, p.columns);
    files += files.empty() ? "" : ",";
    files += quoted_path(blobs_.local_path(p.blob));
  }
  std::string names = what.table.about_people ? quoted_name(subject_column) : "";
  const auto name = [&](const column& c, bool is_there) {
    names += names.empty() ? "" : ", ";
    names += is_there ? quoted_name(c.name) : fmt::format("NULL::{} AS {}", sql_type(c), quoted_name(c.name));
  };
  for (const std::size_t position : what.columns) {
    name(what.table.columns[position], position < known);
  }
  if (what.sealed) {
    name(sealed_payload(), has_sealed(std::span(what.table.columns).first(known)));
  }
  if (parts.empty()) {
    const std::string_view subject = what.table.about_people ? "NULL::BIGINT AS " : "";
    return fmt::format("SELECT {}{} WHERE false", subject, names);
  }
  return fmt::format("SELECT {} FROM read_parquet([{}], union_by_name=true){}", names, files, filter.sql());
}

std::string part_files::rows_of(std::span<const part> parts, const table_description& of, const row_filter& filter) {
  return fmt::format("({}){}", select(parts, selection::all(of), {}), filter.sql());
}

part part_files::rewrite(std::int64_t table, const table_description& of, std::span<const part> old,
                         const row_filter& filter) {
  return copy(table, old.front().bucket, of.columns.size(), "SELECT * FROM " + rows_of(old, of, filter));
}

part part_files::join_last(std::int64_t table, const table_description& of, std::span<const part> old,
                           std::string_view column) {
  // Two names that no column has: they hold a control character.
  const std::string part_number = quoted_name("\x01part");
  const std::string row_number = quoted_name("\x01row");
  std::string rows;
  for (std::size_t i = 0; i < old.size(); ++i) {
    rows += fmt::format("{}SELECT *, {} AS {}, row_number() OVER () AS {} FROM ({})", i == 0 ? "" : " UNION ALL ", i,
                        part_number, row_number, select(old.subspan(i, 1), selection::all(of), {}));
  }
  return copy(
      table, old.front().bucket, of.columns.size(),
      fmt::format("SELECT * EXCLUDE ({0}, {1}) FROM ({2}) QUALIFY row_number() OVER (PARTITION BY {3} ORDER BY {0} "
                  "DESC, {1} DESC) = 1 ORDER BY {0}, {1}",
                  part_number, row_number, rows, quoted_name(column)));
}

part part_files::seal(std::int64_t table, const table_description& of, const table_description& to,
                      std::span<const part> old, const core::data_key_source& keys) {
  column_batch rows(of.columns);
  for (const part& p : old) {
    read(p, selection::all(of), {},
         [&](std::size_t count, std::span<const std::int64_t> subjects, std::span<const column_view> columns) {
           rows.subjects.insert(rows.subjects.end(), subjects.begin(), subjects.end());
           for (std::size_t c = 0; c < columns.size(); ++c) {
             for (std::size_t i = 0; i < count; ++i) {
               rows.columns[c].add_from(columns[c], i);
             }
           }
         });
  }
  return write(table, old.front().bucket, to, sealing_source(to, rows, keys, sealing_source::without_key::leave_empty));
}

std::uint64_t part_files::count(const table_description& of, const part& p, const row_filter& filter) {
  duckdb_session session = engine_.connect();
  try {
    return static_cast<std::uint64_t>(session.number("SELECT count(*) FROM " + rows_of({&p, 1}, of, filter)));
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::invalid_argument) {
      damaged(p, problem);
    }
    throw;
  }
}

std::vector<core::subject_handle> part_files::people_of(std::span<const part> parts,
                                                        const std::optional<rows_below>& all_of) {
  std::string files;
  for (const part& p : parts) {
    files += (files.empty() ? "" : ",") + quoted_path(blobs_.local_path(p.blob));
  }
  const std::string name = quoted_name(subject_column);
  const std::string condition =
      all_of ? fmt::format(" HAVING bool_and(coalesce({} < {}, false))", quoted_name(all_of->column), all_of->bound)
             : "";
  duckdb_session session = engine_.connect();
  std::vector<core::subject_handle> people;
  try {
    const auto rows =
        session.stream(fmt::format("SELECT {0} FROM read_parquet([{1}], union_by_name=true) GROUP BY "
                                   "{0}{2} ORDER BY {0}",
                                   name, files, condition));
    while (const result_chunk chunk = rows->next()) {
      for (const std::int64_t subject : chunk.column(0, column_type::int64).int64()) {
        people.emplace_back(static_cast<std::uint64_t>(subject));
      }
    }
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::invalid_argument) {
      damaged(parts.front(), problem);
    }
    throw;
  }
  return people;
}

void part_files::read(const part& p, const selection& what, const row_filter& filter,
                      const std::function<void(std::size_t rows, std::span<const std::int64_t> subjects,
                                               std::vector<column_view> columns)>& visit) {
  duckdb_session session = engine_.connect();
  const std::size_t first = what.table.about_people ? 1 : 0;
  const auto guarded = [&](const auto& step) {
    try {
      return step();
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::invalid_argument) {
        damaged(p, problem);
      }
      throw;
    }
  };
  const auto rows = guarded([&] { return session.stream(select({&p, 1}, what, filter)); });
  while (true) {
    const result_chunk chunk = guarded([&] { return rows->next(); });
    if (!chunk) {
      return;
    }
    std::vector<column_view> columns;
    columns.reserve(what.columns.size() + 1);
    for (std::size_t i = 0; i < what.columns.size(); ++i) {
      columns.push_back(chunk.column(first + i, what.table.columns[what.columns[i]].type));
    }
    if (what.sealed) {
      columns.push_back(chunk.column(first + what.columns.size(), sealed_payload().type));
    }
    const auto subjects = first == 1 ? chunk.column(0, column_type::int64).int64() : std::span<const std::int64_t>();
    visit(chunk.rows(), subjects, std::move(columns));
  }
}

void part_files::discard(const part& p) noexcept {
  if (p.blob.key.empty()) {
    return;
  }
  try {
    blobs_.remove(p.blob.key);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // The next opening sweeps it: no manifest names it.
  }
}

}  // namespace eunomia::store::table
