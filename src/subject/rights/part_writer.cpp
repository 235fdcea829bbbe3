#include "subject/rights/part_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::subject {

namespace {

constexpr std::size_t lines_bytes = std::size_t{64} << 10;  // go to the archive together

constexpr std::array<std::string_view, 12> guarded = {"=",  "+", "-",  "@",  "\t", "\r",
                                                      "\n", "'", "＝", "＋", "－", "＠"};

// What is stored is in the range of ISO 8601; damaged bytes must not keep somebody from the rest of their data.
std::string moment_text(std::int64_t ms) {
  try {
    return core::format_iso8601(ms);
  } catch (const core::error&) {
    return fmt::format("{} ms since 1970", ms);
  }
}

bool fits(value_type type, const collected_value& value) {
  switch (type) {
    case value_type::text: return std::holds_alternative<std::string_view>(value);
    case value_type::number: return std::holds_alternative<double>(value);
    case value_type::integer:
    case value_type::yes_no:
    case value_type::moment: return std::holds_alternative<std::int64_t>(value);
  }
  return false;
}

}  // namespace

std::string csv_text(std::string_view text) {
  const bool guard = std::ranges::any_of(guarded, [&](std::string_view begin) { return text.starts_with(begin); });
  std::string cell = guard ? "'" : "";
  const bool quoted = text.empty() || text.find_first_of("\",\r\n") != std::string_view::npos;
  if (!quoted) {
    return cell.append(text);
  }
  cell.insert(cell.begin(), '"');
  for (const char c : text) {
    cell.append(c == '"' ? 2 : 1, c);
  }
  return cell += '"';
}

part_writer::part_writer(zip_file& into, const collected_part& about, std::string csv, std::string json,
                         const std::filesystem::path& folder)
    : into_(into),
      title_(about.title),
      columns_(about.columns),
      csv_(std::move(csv)),
      json_(std::move(json)),
      json_rows_(folder) {}

void part_writer::add_csv(const part_column& column, const collected_value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    // Readers skip a line with nothing on it.
    lines_ += columns_.size() == 1 ? R"("")" : "";
    return;
  }
  switch (column.type) {
    case value_type::text: lines_ += csv_text(std::get<std::string_view>(value)); break;
    case value_type::integer: lines_ += fmt::format("{}", std::get<std::int64_t>(value)); break;
    case value_type::number: lines_ += fmt::format("{}", std::get<double>(value)); break;
    case value_type::yes_no: lines_ += std::get<std::int64_t>(value) != 0 ? "true" : "false"; break;
    case value_type::moment: lines_ += moment_text(std::get<std::int64_t>(value)); break;
  }
}

void part_writer::add_json(core::json_writer& out, const part_column& column, const collected_value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    out.null();
    return;
  }
  switch (column.type) {
    case value_type::text: out.string(std::get<std::string_view>(value)); break;
    case value_type::integer: out.number(std::get<std::int64_t>(value)); break;
    case value_type::number: {
      const double number = std::get<double>(value);
      std::isfinite(number) ? out.number(number) : out.string(fmt::format("{}", number));
      break;
    }
    case value_type::yes_no: out.boolean(std::get<std::int64_t>(value) != 0); break;
    case value_type::moment: out.string(moment_text(std::get<std::int64_t>(value))); break;
  }
}

void part_writer::add(std::span<const collected_value> row) {
  if (row.size() != columns_.size()) {
    throw core::error(core::errc::internal,
                      fmt::format("a row of \"{}\" has {} values for {} columns", title_, row.size(), columns_.size()));
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!std::holds_alternative<std::monostate>(row[c]) && !fits(columns_[c].type, row[c])) {
      throw core::error(core::errc::internal,
                        fmt::format("a value of column \"{}\" of \"{}\" is not of its type", columns_[c].name, title_));
    }
  }
  if (rows_++ == 0) {
    into_.begin(csv_);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      lines_ += c == 0 ? "" : ",";
      lines_ += csv_text(columns_[c].name);
    }
    lines_ += "\r\n";
  } else {
    json_rows_.write(",\n");
  }
  core::json_writer json;
  json.begin_object();
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    lines_ += c == 0 ? "" : ",";
    add_csv(columns_[c], row[c]);
    json.name(columns_[c].name);
    add_json(json, columns_[c], row[c]);
  }
  json.end_object();
  lines_ += "\r\n";
  json_rows_.write(json.text());
  if (lines_.size() > lines_bytes) {
    into_.write(lines_);
    lines_.clear();
  }
}

std::uint64_t part_writer::finish() {
  if (rows_ == 0) {
    return 0;
  }
  into_.write(lines_);
  lines_.clear();
  core::json_writer head;
  head.begin_object();
  head.name("title");
  head.string(title_);
  head.name("columns");
  head.begin_array();
  for (const part_column& column : columns_) {
    head.begin_object();
    head.name("name");
    head.string(column.name);
    head.name("type");
    head.string(boost::describe::enum_to_string(column.type, "?"));
    head.end_object();
  }
  head.end_array();
  head.end_object();
  std::string_view open = head.text();
  open.remove_suffix(1);  // the brace: the rows are its last member
  into_.begin(json_);
  into_.write(open);
  into_.write(",\"rows\":[\n");
  json_rows_.read([&](std::string_view text) { into_.write(text); });
  into_.write("\n]}\n");
  return rows_;
}

}  // namespace eunomia::subject
