#include "store/sql/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

#include "core/error.h"
#include "store/sql/schema_steps.h"

// The stream, numbers in the order of bytes of this machine's (little-endian), a text as uint32 length and its bytes:
//
//   "EUNSQL01"
//   'S' room, int64 version, text of the step           each step, by room and version
//   'T' table, uint32 columns, their names              each table, followed by
//     'r' for each column a cell                        its rows
//     'n' int64                                         the greatest number that its identity column has given, if any
//   'E' uint64 tables, uint64 rows
//
// A cell is 0 (null), 1 and int64, 2 and double, 3 and a text.
namespace eunomia::store::sql {

namespace {

using core::errc;
using core::error;

constexpr std::string_view magic = "EUNSQL01";
constexpr std::size_t block_bytes = std::size_t{1} << 20;
constexpr std::size_t most_columns = 1024;
// What one insert_many takes.
constexpr std::size_t batch_rows = 16'384;
constexpr std::size_t batch_bytes = std::size_t{8} << 20;
constexpr std::uint64_t rows_between_checks = 4096;

enum class item : char { step = 'S', table = 'T', row = 'r', last_number = 'n', end = 'E' };
enum class cell_type : char { null = 0, int64 = 1, real = 2, text = 3 };

class writer {
 public:
  explicit writer(const std::function<void(core::bytes_view)>& to) : to_(to) { buffer_.reserve(2 * block_bytes); }

  template <class Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void number(Number value) { buffer_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void bytes(std::string_view text) {
    buffer_.append(text);
    if (buffer_.size() >= block_bytes) {
      flush();
    }
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes(value);
  }
  void value(const cell& of) {
    std::visit(
        [this](const auto& held) {
          using type = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<type, std::monostate>) {
            number(cell_type::null);
          } else if constexpr (std::is_same_v<type, std::int64_t>) {
            number(cell_type::int64);
            number(held);
          } else if constexpr (std::is_same_v<type, double>) {
            number(cell_type::real);
            number(held);
          } else {
            number(cell_type::text);
            text(held);
          }
        },
        of);
  }
  void flush() {
    to_(core::as_bytes(buffer_));
    buffer_.clear();
  }

 private:
  const std::function<void(core::bytes_view)>& to_;
  std::string buffer_;
};

class reader {
 public:
  explicit reader(core::bytes_view from) : from_(reinterpret_cast<const char*>(from.data()), from.size()) {}

  template <class Number>
  Number number() {
    Number value;
    const auto raw = bytes(sizeof value);
    std::memcpy(&value, raw.data(), raw.size());
    return value;
  }
  std::string_view text() { return bytes(number<std::uint32_t>()); }
  cell value() {
    switch (number<cell_type>()) {
      case cell_type::null: return std::monostate{};
      case cell_type::int64: return number<std::int64_t>();
      case cell_type::real: return number<double>();
      case cell_type::text: return text();
    }
    throw damaged("a value of an unknown type");
  }
  std::string_view bytes(std::size_t count) {
    if (count > from_.size() - at_) {
      throw damaged("it ends too soon");
    }
    const std::string_view found = from_.substr(at_, count);
    at_ += count;
    return found;
  }
  item next() { return number<item>(); }
  std::optional<item> peek() const {
    return at_ < from_.size() ? std::optional(static_cast<item>(from_[at_])) : std::nullopt;
  }
  bool at_end() const { return at_ == from_.size(); }
  error damaged(std::string_view why) const {
    return {errc::corrupt, fmt::format("the dump of a database is damaged at offset {}: {}", at_, why)};
  }

 private:
  std::string_view from_;
  std::size_t at_ = 0;
};

// Tables and columns are named by our own migrations; this is what they use.
void check_name(std::string_view name, const reader& in) {
  const bool plain = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain) {
    throw in.damaged("a name that no table or column has");
  }
}

std::vector<std::string> texts(connection& in, std::string_view sql, std::initializer_list<argument> args = {}) {
  std::vector<std::string> all;
  in.each(sql, args, [&](const row& r) { all.emplace_back(r.text(0)); });
  return all;
}

std::vector<std::string> tables_of(connection& in) {
  return in.speaks() == engine::sqlite
             ? texts(in,
                     "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
             : texts(in,
                     "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = "
                     "current_schema() AND table_type = 'BASE TABLE' ORDER BY 1");
}

std::vector<std::string> columns_of(connection& in, const std::string& table) {
  return in.speaks() == engine::sqlite
             ? texts(in, "SELECT name FROM pragma_table_info(:table) ORDER BY cid", {{"table", table}})
             : texts(in,
                     "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_schema = "
                     "current_schema() AND table_name = :table ORDER BY ordinal_position",
                     {{"table", table}});
}

// PostgreSQL's name of the sequence of the identity column; empty when there is none.
std::string sequence_of(connection& in, const std::string& table) {
  const rows found = in.query_one(
      "SELECT pg_get_serial_sequence(CAST(:table AS TEXT), CAST(column_name AS TEXT)) FROM information_schema.columns "
      "WHERE table_schema = current_schema() AND table_name = :table AND is_identity = 'YES'",
      {{"table", table}});
  return found.empty() ? std::string() : std::string(found[0].text(0));
}

// The greatest number that the identity column of a table has given, though its row may be gone; 0: none.
std::int64_t last_number(connection& in, const std::string& table) {
  if (in.speaks() == engine::sqlite) {
    if (in.query("SELECT name FROM sqlite_master WHERE name = 'sqlite_sequence'").empty()) {
      return 0;
    }
    const rows found = in.query_one("SELECT seq FROM sqlite_sequence WHERE name = :table", {{"table", table}});
    return found.empty() ? 0 : found[0].int64(0);
  }
  const std::string sequence = sequence_of(in, table);
  if (sequence.empty()) {
    return 0;
  }
  const rows found = in.query_one(fmt::format("SELECT last_value, is_called FROM {}", sequence));
  return found[0].int64(1) != 0 ? found[0].int64(0) : 0;
}

void continue_after(transaction& in, const std::string& table, std::int64_t number) {
  if (in.speaks() == engine::postgresql) {
    in.query("SELECT setval(CAST(CAST(:sequence AS TEXT) AS regclass), CAST(:number AS BIGINT))",
             {{"sequence", sequence_of(in, table)}, {"number", number}});
  } else if (in.execute("UPDATE sqlite_sequence SET seq = :number WHERE name = :table",
                        {{"number", number}, {"table", table}}) == 0) {
    in.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)",
               {{"number", number}, {"table", table}});
  }
}

void write_steps(const database& of, connection& in, writer& out, dump_report& report) {
  const auto known = of.steps();
  in.each("SELECT room, version FROM schema_migration ORDER BY room, version", {}, [&](const row& r) {
    const std::string room(r.text(0));
    const std::int64_t version = r.int64(1);
    const auto step = known.find({room, version});
    if (step == known.end()) {
      throw error(errc::internal,
                  fmt::format("the schema has step {} of room \"{}\", which this process did not open", version, room));
    }
    out.number(item::step);
    out.text(room);
    out.number(version);
    out.text(step->second);
    if (report.schema.empty() || report.schema.back().room != room) {
      report.schema.push_back({room, 0});
    }
    report.schema.back().version = version;
  });
}

void write_table(connection& in, const std::string& table, writer& out, dump_report& report, core::job& job) {
  const std::vector<std::string> columns = columns_of(in, table);
  out.number(item::table);
  out.text(table);
  out.number(static_cast<std::uint32_t>(columns.size()));
  for (const std::string& column : columns) {
    out.text(column);
  }
  in.each(fmt::format("SELECT {} FROM {}", fmt::join(columns, ", "), table), {}, [&](const row& r) {
    if (report.rows++ % rows_between_checks == 0) {
      job.report("rows", report.rows, 0);
      job.check();
    }
    out.number(item::row);
    for (const cell& value : r.cells()) {
      out.value(value);
    }
    out.bytes({});
  });
  if (const std::int64_t last = last_number(in, table); last > 0) {
    out.number(item::last_number);
    out.number(last);
  }
  ++report.tables;
}

// Rows of one table whose columns have the same types, on their way into it.
class batch {
 public:
  batch(std::string table, std::vector<std::string> columns) : table_(std::move(table)), columns_(std::move(columns)) {}

  std::size_t width() const { return columns_.size(); }
  const std::string& table() const { return table_; }

  void add(transaction& in, std::span<const cell> cells) {
    if (std::ranges::any_of(cells, [](const cell& c) { return std::holds_alternative<std::monostate>(c); })) {
      insert(in, cells);
      return;
    }
    const auto same_type = [](const cell& a, const cell& b) { return a.index() == b.index(); };
    const bool fits = rows_ < batch_rows && bytes_ < batch_bytes &&
                      (rows_ == 0 || std::ranges::equal(std::span(cells_).first(width()), cells, same_type));
    if (!fits) {
      flush(in);
    }
    cells_.insert(cells_.end(), cells.begin(), cells.end());
    ++rows_;
    for (const cell& c : cells) {
      const auto* text = std::get_if<std::string_view>(&c);
      bytes_ += text != nullptr ? text->size() : sizeof(std::int64_t);
    }
  }

  void flush(transaction& in) {
    if (rows_ == 0) {
      return;
    }
    std::vector<std::vector<std::int64_t>> numbers(width());
    std::vector<std::vector<double>> reals(width());
    std::vector<std::vector<std::string_view>> views(width());
    std::vector<column> all;
    for (std::size_t c = 0; c < width(); ++c) {
      switch (cells_[c].index()) {
        case 1: all.push_back({columns_[c], std::span<const std::int64_t>(gathered(c, numbers[c]))}); break;
        case 2: all.push_back({columns_[c], std::span<const double>(gathered(c, reals[c]))}); break;
        default: all.push_back({columns_[c], std::span<const std::string_view>(gathered(c, views[c]))}); break;
      }
    }
    in.insert_many(table_, all);
    cells_.clear();
    rows_ = 0;
    bytes_ = 0;
  }

 private:
  template <class Value>
  const std::vector<Value>& gathered(std::size_t column, std::vector<Value>& into) const {
    into.reserve(rows_);
    for (std::size_t r = 0; r < rows_; ++r) {
      into.push_back(std::get<Value>(cells_[r * width() + column]));
    }
    return into;
  }

  // A row with a null in it.
  void insert(transaction& in, std::span<const cell> cells) const {
    std::string values;
    std::vector<argument> arguments;
    for (std::size_t c = 0; c < width(); ++c) {
      values += fmt::format("{}:{}", values.empty() ? "" : ", ", columns_[c]);
      arguments.emplace_back(columns_[c], std::nullopt);
      std::visit([&](const auto& held) { arguments.back().value = held; }, cells[c]);
    }
    in.execute(fmt::format("INSERT INTO {} ({}) VALUES ({})", table_, fmt::join(columns_, ", "), values), arguments);
  }

  std::string table_;
  std::vector<std::string> columns_;
  std::vector<cell> cells_;  // row after row
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

void read_steps(transaction& into, reader& in) {
  create_table_of_steps(into);
  while (in.peek() == item::step) {
    in.next();
    in.text();
    in.number<std::int64_t>();
    run_step(into, in.text());
  }
}

void read_table(transaction& into, reader& in, dump_report& report, core::job& job) {
  in.next();
  const std::string table(in.text());
  check_name(table, in);
  const auto width = in.number<std::uint32_t>();
  if (width == 0 || width > most_columns) {
    throw in.damaged("a table with an impossible number of columns");
  }
  std::vector<std::string> columns(width);
  for (std::string& column : columns) {
    column = in.text();
    check_name(column, in);
  }
  // Some steps put a row into the tables that they make.
  into.execute(fmt::format("DELETE FROM {}", table));
  batch waiting(table, std::move(columns));
  std::vector<cell> cells(waiting.width());
  while (in.peek() == item::row) {
    in.next();
    if (report.rows++ % rows_between_checks == 0) {
      job.report("rows", report.rows, 0);
      job.check();
    }
    std::ranges::generate(cells, [&] { return in.value(); });
    waiting.add(into, cells);
  }
  waiting.flush(into);
  if (in.peek() == item::last_number) {
    in.next();
    continue_after(into, table, in.number<std::int64_t>());
  }
  ++report.tables;
}

}  // namespace

dump_report dump(const database& of, connection& snapshot, const std::function<void(core::bytes_view)>& write,
                 core::job& job) {
  dump_report report;
  writer out(write);
  out.bytes(magic);
  write_steps(of, snapshot, out, report);
  for (const std::string& table : tables_of(snapshot)) {
    write_table(snapshot, table, out, report, job);
  }
  out.number(item::end);
  out.number(report.tables);
  out.number(report.rows);
  out.flush();
  return report;
}

bool has_table(connection& in, std::string_view table) {
  return std::ranges::count(tables_of(in), table) > 0;
}

bool is_empty(connection& in) {
  return tables_of(in).empty();
}

dump_report load(transaction& into, core::bytes_view dumped, std::span<const migration> also, core::job& job) {
  if (!is_empty(into)) {
    throw error(errc::failed_precondition, "the database is not empty; restore into an empty one");
  }
  reader in(dumped);
  if (in.bytes(magic.size()) != magic) {
    throw in.damaged("it does not begin as one");
  }
  dump_report report;
  read_steps(into, in);
  while (in.peek() == item::table) {
    read_table(into, in, report, job);
  }
  if (in.next() != item::end || in.number<std::uint64_t>() != report.tables ||
      in.number<std::uint64_t>() != report.rows || !in.at_end()) {
    throw in.damaged("it does not end as one");
  }
  into.each("SELECT room, max(version) FROM schema_migration GROUP BY room ORDER BY room", {}, [&](const row& r) {
    report.schema.push_back({std::string(r.text(0)), r.int64(1)});
  });
  apply_missing_steps(into, "of the backup", also);
  return report;
}

}  // namespace eunomia::store::sql
