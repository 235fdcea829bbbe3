#include "recommend/import_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
using store::table::record_fault;

constexpr std::size_t absent = std::numeric_limits<std::size_t>::max();

struct known_column {
  std::string_view name;
  bool required;
};

std::span<const known_column> known_columns(data_kind kind) {
  static constexpr known_column interactions[] = {{"USER_ID", true},     {"ITEM_ID", true},      {"TIMESTAMP", true},
                                                  {"EVENT_TYPE", false}, {"EVENT_VALUE", false}, {"IMPRESSION", false}};
  static constexpr known_column items[] = {{"ITEM_ID", true}};
  static constexpr known_column users[] = {{"USER_ID", true}};
  switch (kind) {
    case data_kind::interactions: return interactions;
    case data_kind::items: return items;
    case data_kind::users: return users;
  }
  return {};
}

// Our name of a column of a file: that of the options' map, or its own in upper case.
std::string our_name(std::string_view in_file, const import_options& options) {
  std::string name = upper(in_file);
  for (const auto& [ours, theirs] : options.columns) {
    if (upper(theirs) == name) {
      return upper(ours);
    }
  }
  // A name that the map gives to another column is not also its own.
  for (const auto& [ours, theirs] : options.columns) {
    if (upper(ours) == name) {
      return "";
    }
  }
  return name;
}

bool is_known(data_kind kind, std::string_view name) {
  const auto known = known_columns(kind);
  return std::any_of(known.begin(), known.end(), [&](const known_column& c) { return c.name == name; });
}

// What most files have is read without exceptions; the rest is core's to read or refuse.
std::optional<std::int64_t> time_of(std::string_view text) {
  constexpr std::int64_t first_millisecond = 100'000'000'000;
  constexpr std::int64_t end = 100'000'000'000'000;
  std::int64_t n = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (status == std::errc{} && stop == text.data() + text.size() && n >= 0 && n < end) {
    return n < first_millisecond ? n * core::milliseconds_per_second : n;
  }
  try {
    return core::parse_timestamp(text);
  } catch (const error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string_view> import_identifier_fault(std::string_view id) {
  if (id.empty()) {
    return "is empty";
  }
  if (id.size() > subject::max_identifier_bytes) {
    return "is longer than max_identifier_bytes = 16384";
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(id.begin(), id.end(), control)) {
    return "holds a control character";
  }
  return std::nullopt;
}

std::string upper(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc{} && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = status == std::errc{} && stop == text.data() + text.size() && std::isfinite(value);
  return whole ? std::optional(value) : std::nullopt;
}

std::unique_ptr<store::table::record_reader> open_records(const std::filesystem::path& file,
                                                          const import_options& options) {
  return store::table::is_parquet(file) ? store::table::open_parquet(file)
                                        : store::table::open_csv(file, {.delimiter = options.delimiter});
}

void import_rows::clear() {
  user.clear();
  item.clear();
  time.clear();
  event_type.clear();
  event_value.clear();
  impression.clear();
  for (auto& column : metadata) {
    column.clear();
  }
}

import_rows import_rows::where(const std::function<bool(std::size_t)>& keep) const {
  const auto of = [&](const auto& column) {
    std::remove_cvref_t<decltype(column)> kept;
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (keep(i)) {
        kept.push_back(column[i]);
      }
    }
    return kept;
  };
  import_rows kept{of(user), of(item), of(time), of(event_type), of(event_value), of(impression), {}};
  for (const auto& column : metadata) {
    kept.metadata.push_back(of(column));
  }
  return kept;
}

// Where in a record our columns are.
struct import_reader::columns {
  std::size_t user = absent;
  std::size_t item = absent;
  std::size_t time = absent;
  std::size_t event_type = absent;
  std::size_t event_value = absent;
  std::size_t impression = absent;
  std::vector<std::size_t> metadata;
};

import_reader::import_reader(data_kind kind, std::vector<metadata_column> metadata, const import_options& options,
                             import_report& report)
    : kind_(kind), metadata_(std::move(metadata)), options_(options), report_(report) {
  latest_ =
      options.allow_future ? std::numeric_limits<std::int64_t>::max() : core::now_ms() + core::milliseconds_per_day;
  rows_.metadata.resize(metadata_.size());
  if (options.rejects) {
    rejects_ = std::make_unique<store::table::csv_writer>(*options.rejects);
    for (const std::string_view name : {"FILE", "LINE", "COLUMN", "REASON", "RECORD"}) {
      rejects_->text(name);
    }
    rejects_->end_record();
  }
}

// Throws for the first of our columns that must be there and is not.
static void require_columns(const std::filesystem::path& file, std::span<const std::string> header, data_kind kind,
                            const import_options& options) {
  for (const known_column& c : known_columns(kind)) {
    const bool there = std::any_of(header.begin(), header.end(),
                                   [&](const std::string& in_file) { return our_name(in_file, options) == c.name; });
    if (c.required && !there) {
      // The header of a file that has none is its first row.
      const auto told = [&](std::string_view has) {
        return fmt::format("{}: column {} is missing{}. Where it has another name, map it: --column {}=NAME",
                           file.string(), c.name, has, c.name);
      };
      throw error(errc::invalid_argument, told(fmt::format("; the file has {}", fmt::join(header, ", "))), told(""));
    }
  }
}

std::vector<std::string> import_reader::undeclared_in(const std::filesystem::path& file, data_kind kind,
                                                      std::span<const metadata_column> declared,
                                                      const import_options& options) {
  std::vector<std::string> undeclared;
  const auto reader = open_records(file, options);
  require_columns(file, reader->header(), kind, options);
  for (const std::string& in_file : reader->header()) {
    const std::string name = our_name(in_file, options);
    const bool is_declared =
        std::any_of(declared.begin(), declared.end(), [&](const metadata_column& c) { return c.name == name; });
    if (!is_known(kind, name) && !is_declared) {
      undeclared.push_back(name.empty() ? upper(in_file) : name);
    }
  }
  return undeclared;
}

import_reader::columns import_reader::columns_of(const std::filesystem::path& file,
                                                 const store::table::record_reader& reader) const {
  columns where;
  where.metadata.assign(metadata_.size(), absent);
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < reader.header().size(); ++i) {
    const std::string name = our_name(reader.header()[i], options_);
    if (!name.empty() && !at.emplace(name, i).second) {
      throw error(errc::invalid_argument, fmt::format("{}: column {} occurs twice in the header", file.string(), name));
    }
  }
  const auto find = [&](std::string_view name) {
    const auto found = at.find(std::string(name));
    return found == at.end() ? absent : found->second;
  };
  require_columns(file, reader.header(), kind_, options_);
  where.user = kind_ == data_kind::items ? absent : find("USER_ID");
  where.item = kind_ == data_kind::users ? absent : find("ITEM_ID");
  if (kind_ == data_kind::interactions) {
    where.time = find("TIMESTAMP");
    where.event_type = find("EVENT_TYPE");
    where.event_value = find("EVENT_VALUE");
    where.impression = find("IMPRESSION");
  }
  for (std::size_t i = 0; i < metadata_.size(); ++i) {
    where.metadata[i] = find(metadata_[i].name);
  }
  return where;
}

// Adds the record to rows_, or says what is wrong with it; rows_ is then as it was.
std::optional<import_reader::fault> import_reader::check(std::span<const std::string_view> record,
                                                         const columns& where) {
  for (const auto& [name, at] : {std::pair("USER_ID", where.user), std::pair("ITEM_ID", where.item)}) {
    if (at != absent) {
      if (const auto why = import_identifier_fault(record[at])) {
        return fault{name, std::string(*why), record[at]};
      }
    }
  }
  std::int64_t time = 0;
  if (where.time != absent) {
    const auto read = time_of(record[where.time]);
    if (!read) {
      return fault{"TIMESTAMP", "is no time: seconds or milliseconds since 1970, or ISO 8601", record[where.time]};
    }
    if (*read > latest_) {
      return fault{"TIMESTAMP", "lies more than a day in the future (--allow-future accepts it)", record[where.time]};
    }
    time = *read;
  }
  float value = std::numeric_limits<float>::quiet_NaN();
  if (where.event_value != absent && !record[where.event_value].empty()) {
    const auto read = number_of(record[where.event_value]);
    if (!read || !std::isfinite(static_cast<float>(*read))) {
      return fault{"EVENT_VALUE", "is no finite number", record[where.event_value]};
    }
    value = static_cast<float>(*read);
  }
  for (std::size_t i = 0; i < metadata_.size(); ++i) {
    const std::string_view text = where.metadata[i] == absent ? std::string_view() : record[where.metadata[i]];
    if (!text.empty() && metadata_[i].type == metadata_type::integer && !integer_of(text)) {
      return fault{metadata_[i].name, "is no whole number", text};
    }
    if (!text.empty() && metadata_[i].type == metadata_type::number && !number_of(text)) {
      return fault{metadata_[i].name, "is no finite number", text};
    }
  }

  const auto add = [&](std::vector<std::string_view>& column, std::size_t at) {
    if (at != absent) {
      column.push_back(record[at]);
    }
  };
  add(rows_.user, where.user);
  add(rows_.item, where.item);
  add(rows_.event_type, where.event_type);
  add(rows_.impression, where.impression);
  if (where.time != absent) {
    rows_.time.push_back(time);
    report_.first_time = report_.first_time == 0 ? time : std::min(report_.first_time, time);
    report_.last_time = std::max(report_.last_time, time);
  }
  if (where.event_value != absent) {
    rows_.event_value.push_back(value);
  }
  for (std::size_t i = 0; i < metadata_.size(); ++i) {
    add(rows_.metadata[i], where.metadata[i]);
  }
  return std::nullopt;
}

void import_reader::reject(const std::filesystem::path& file, const store::table::record_reader& reader,
                           const store::table::record_block& block, std::size_t row, const fault& why) {
  if (rejects_ == nullptr) {
    const auto told = [&](std::string_view value) {
      return fmt::format("{}:{}: {}column {}: {}{}; nothing was imported", file.string(), block.line[row],
                         reader.unit() == "row" ? "(row) " : "", why.column, value, why.reason);
    };
    throw error(errc::invalid_argument, told(store::table::shown(why.value) + " "), told(""));
  }
  ++report_.rejected;
  ++report_.rejected_by_reason[fmt::format("{}: {}", why.column, why.reason)];
  rejects_->text(file.string());
  rejects_->number(static_cast<std::int64_t>(block.line[row]));
  rejects_->text(why.column);
  rejects_->text(why.reason);
  rejects_->text(block.raw[row].empty() ? fmt::format("{}", fmt::join(block.record(row), ",")) : block.raw[row]);
  rejects_->end_record();
}

core::digest128 import_reader::read(const std::filesystem::path& file, std::uint64_t before, std::uint64_t total,
                                    core::job& job, const std::function<void(const import_rows&)>& consume) {
  const auto reader = open_records(file, options_);
  const columns where = columns_of(file, *reader);
  store::table::record_block block;
  while (reader->next(block)) {
    job.check();
    rows_.clear();
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block.fault[i] != record_fault::none) {
        const std::size_t at = block.fault_column[i];
        const auto& header = reader->header();
        const bool shape =
            block.fault[i] == record_fault::too_few_fields || block.fault[i] == record_fault::too_many_fields;
        const std::string reason = shape ? fmt::format("{} (the header has {})", name_of(block.fault[i]), header.size())
                                         : std::string(name_of(block.fault[i]));
        reject(file, *reader, block, i,
               {at < header.size() ? header[at] : std::to_string(at + 1), reason, block.raw[i]});
      } else if (const auto why = check(block.record(i), where)) {
        reject(file, *reader, block, i, *why);
      }
    }
    if (rows_.size() > 0) {
      report_.rows += rows_.size();
      consume(rows_);
    }
    job.report("import", before + reader->file_bytes_read(), total);
  }
  return reader->digest();
}

void import_reader::finish() {
  if (rejects_ != nullptr) {
    rejects_->finish();
  }
}

}  // namespace eunomia::recommend
