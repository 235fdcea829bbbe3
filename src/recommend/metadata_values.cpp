#include "recommend/metadata_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/utf8.h"
#include "recommend/import_reader.h"

namespace eunomia::recommend {

namespace {

[[noreturn]] void refuse(std::string_view place, std::string_view fault) {
  throw core::error(core::errc::invalid_argument, fmt::format("{}: {}", place, fault));
}

void check_text(std::string_view place, std::string_view text) {
  if (text.size() > subject::max_identifier_bytes) {
    refuse(place, fmt::format("has {} bytes, more than max_identifier_bytes = {}", text.size(),
                              subject::max_identifier_bytes));
  }
  if (!core::is_utf8(text)) {
    refuse(place, "is not UTF-8");
  }
  if (text.find('\0') != std::string_view::npos) {
    refuse(place, "holds U+0000");
  }
}

}  // namespace

std::map<std::string, std::string> check_metadata_values(const std::map<std::string, std::string>& given,
                                                         std::span<const metadata_column> columns,
                                                         std::string_view place, std::string_view of) {
  std::map<std::string, std::string> known;
  for (const auto& [name, text] : given) {
    const auto found =
        std::ranges::find_if(columns, [&](const metadata_column& column) { return column.name == upper(name); });
    if (found == columns.end()) {
      std::vector<std::string> names;
      names.reserve(columns.size());
      for (const metadata_column& column : columns) {
        names.push_back(column.name);
      }
      refuse(place, fmt::format("{} have no column {}; declared are: {}", of, store::table::shown(name),
                                names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
    const std::string member = fmt::format("{}.{}", place, found->name);
    check_text(member, text);
    if (!text.empty() && found->type == metadata_type::integer && !integer_of(text)) {
      refuse(member, "is no whole number");
    }
    if (!text.empty() && found->type == metadata_type::number && !number_of(text)) {
      refuse(member, "is no finite number");
    }
    if (!known.emplace(found->name, text).second) {
      refuse(member, "occurs twice when names are compared without case");
    }
  }
  return known;
}

void add_metadata_value(store::table::column_values& into, const std::string* text) {
  using store::table::column_type;
  if (text == nullptr) {
    into.add_null();
    return;
  }
  switch (into.type()) {
    case column_type::int64: into.add(integer_of(*text).value()); break;
    case column_type::float64: into.add(number_of(*text).value()); break;
    case column_type::text: into.add(std::string_view(*text)); break;
  }
}

}  // namespace eunomia::recommend
