#include "object/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"
#include "core/json_value.h"
#include "core/seal.h"
#include "subject/erasure/byte_scan.h"

namespace eunomia::object {

namespace {

constexpr std::size_t read_bytes = 256 * 1024;

constexpr std::array<std::string_view, 8> people_columns = {"user",   "customer", "person", "subject",
                                                            "member", "visitor",  "client", "patient"};

std::string lower_letters(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      kept += c;
    } else if (c >= 'A' && c <= 'Z') {
      kept += static_cast<char>(c - 'A' + 'a');
    }
  }
  return kept;
}

bool is_called(std::string_view column, std::string_view word) {
  return column == word || (column.size() == word.size() + 2 && column.starts_with(word) && column.ends_with("id"));
}

bool ends(std::string_view key, std::string_view with) {
  return key.size() > with.size() && lower_letters(key.substr(key.size() - with.size())) == with &&
         key[key.size() - with.size() - 1] == '.';
}

// Whether the identifier is looked for as text anywhere, and not only where it is said to be one.
bool is_unmistakable(std::string_view identifier) {
  const auto written = subject::encodings_of(identifier);
  return std::ranges::count(written.unmistakable, identifier) != 0;
}

core::error no_rows(const char* why) {
  return {core::errc::failed_precondition, fmt::format("the file does not consist of rows: {}", why)};
}

}  // namespace

std::optional<row_form> row_form_of(std::string_view key, std::string_view content_type) {
  if (ends(key, "gz")) {
    key.remove_suffix(3);
  }
  if (ends(key, "csv") || ends(key, "tsv")) {
    return row_form::csv;
  }
  if (ends(key, "jsonl") || ends(key, "ndjson")) {
    return row_form::json_lines;
  }
  const std::string type = lower_letters(content_type.substr(0, content_type.find(';')));
  if (type == "textcsv" || type == "texttabseparatedvalues") {
    return row_form::csv;
  }
  if (type == "applicationxndjson" || type == "applicationjsonl" || type == "applicationjsonlines") {
    return row_form::json_lines;
  }
  return std::nullopt;
}

row_matcher::row_matcher(std::span<const subject::person_name> names) {
  for (const subject::person_name& one : names) {
    named& known = names_[one.identifier];
    known.spaces.push_back(lower_letters(one.space));
    known.everywhere = known.everywhere || (!one.names_others && is_unmistakable(one.identifier));
  }
}

bool row_matcher::is_theirs(std::string_view column, std::string_view value) const {
  const auto found = names_.find(std::string(value));
  if (found == names_.end()) {
    return false;
  }
  if (found->second.everywhere) {
    return true;
  }
  const std::string called = lower_letters(column);
  return std::ranges::any_of(people_columns, [&](std::string_view word) { return is_called(called, word); }) ||
         std::ranges::any_of(found->second.spaces, [&](const std::string& space) { return is_called(called, space); });
}

row_filter::row_filter(content& from, row_form form, const row_matcher& whose, row_told told)
    : from_(from), form_(form), whose_(whose), told_(std::move(told)) {}

row_filter::~row_filter() {
  core::wipe(std::as_writable_bytes(std::span(buffer_)));
}

// Behind the line break that ends the row at begin_, or npos while it has not come. In CSV one within quotes ends none.
std::size_t row_filter::end_of_row() const {
  bool quoted = false;
  for (std::size_t at = begin_; at < buffer_.size(); ++at) {
    if (form_ == row_form::csv && buffer_[at] == '"') {
      quoted = !quoted;
    } else if (buffer_[at] == '\n' && !quoted) {
      return at + 1;
    }
  }
  return std::string::npos;
}

// Finds the next row that stays; false at the end.
bool row_filter::next_row() {
  while (true) {
    begin_ = row_end_;
    std::size_t end = end_of_row();
    while (end == std::string::npos && !ended_) {
      buffer_.erase(0, begin_);
      begin_ = 0;
      if (buffer_.size() > max_row_bytes) {
        throw no_rows("one is longer than max_row_bytes");
      }
      const std::size_t had = buffer_.size();
      buffer_.resize(had + read_bytes);
      const std::size_t got = from_.read(std::as_writable_bytes(std::span(buffer_)).subspan(had));
      buffer_.resize(had + got);
      ended_ = got < read_bytes;
      end = end_of_row();
    }
    row_end_ = std::min(end, buffer_.size());
    given_ = begin_;
    if (row_end_ == begin_) {
      return false;
    }
    std::string_view row(buffer_.data() + begin_, row_end_ - begin_);
    while (row.ends_with('\n') || row.ends_with('\r')) {
      row.remove_suffix(1);
    }
    if (take_header(row) || !is_theirs(row)) {
      return true;
    }
    ++left_out_;
    if (told_) {
      told_(row);
    }
  }
}

bool row_filter::take_header(std::string_view row) {
  if (form_ != row_form::csv || has_header_) {
    return false;
  }
  has_header_ = true;
  if (row.starts_with("\xEF\xBB\xBF")) {
    row.remove_prefix(3);
  }
  std::ptrdiff_t most = 0;
  for (const char one : {',', ';', '\t', '|'}) {
    const auto count = std::ranges::count(row, one);
    if (count > most) {
      most = count;
      delimiter_ = one;
    }
  }
  split(row, columns_);
  return true;
}

void row_filter::split(std::string_view row, std::vector<std::string>& fields) const {
  fields.clear();
  std::string field;
  bool quoted = false;
  for (std::size_t at = 0; at < row.size(); ++at) {
    const char c = row[at];
    if (quoted && c == '"' && at + 1 < row.size() && row[at + 1] == '"') {
      field += '"';
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == delimiter_ && !quoted) {
      fields.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  fields.push_back(std::move(field));
}

namespace {

// member: the name that the value stands under.
bool holds(const core::json_value& value, std::string_view member, const row_matcher& whose) {
  using kind = core::json_value::kind;
  switch (value.type()) {
    case kind::string:
    case kind::number: return whose.is_theirs(member, value.text());
    case kind::array:
      return std::ranges::any_of(value.elements(), [&](const auto& one) { return holds(one, member, whose); });
    case kind::object:
      for (std::size_t i = 0; i < value.names().size(); ++i) {
        if (holds(value.elements()[i], value.names()[i], whose)) {
          return true;
        }
      }
      return false;
    case kind::null:
    case kind::boolean: break;
  }
  return false;
}

}  // namespace

bool row_filter::is_theirs(std::string_view row) {
  if (form_ == row_form::json_lines) {
    if (row.find_first_not_of(" \t") == std::string_view::npos) {
      return false;
    }
    try {
      return holds(core::parse_json(row), "", whose_);
    } catch (const core::error&) {
      throw no_rows("one is no JSON");
    }
  }
  split(row, fields_);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (whose_.is_theirs(i < columns_.size() ? std::string_view(columns_[i]) : std::string_view(), fields_[i])) {
      return true;
    }
  }
  return false;
}

std::size_t row_filter::read(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (given_ == row_end_ && !next_row()) {
      break;
    }
    const std::size_t some = std::min(out.size() - filled, row_end_ - given_);
    std::memcpy(out.data() + filled, buffer_.data() + given_, some);
    given_ += some;
    filled += some;
  }
  return filled;
}

}  // namespace eunomia::object
