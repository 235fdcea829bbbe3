#include "wire/personalize/training_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "recommend/import_reader.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;
using recommend::data_kind;

constexpr std::string_view excluded_member = "excludedDatasetColumns";
constexpr std::string_view included_member = "includedDatasetColumns";
constexpr std::string_view identifiers[] = {"USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP"};

[[noreturn]] void refuse(std::string_view member, const std::string& what) {
  throw core::error(core::errc::invalid_argument, fmt::format("trainingDataConfig.{}: {}", member, what));
}

data_kind kind_named(std::string_view member, const std::string& type) {
  const auto known = dataset_type_named(type);
  if (!known) {
    refuse(member, fmt::format("\"{}\" is no type of dataset; INTERACTIONS, ITEMS and USERS are", type));
  }
  using enum recommend::schema_subject;
  switch (*known) {
    case items:
    case actions: return data_kind::items;
    case users: return data_kind::users;
    default: return data_kind::interactions;
  }
}

bool is_identifier(std::string_view column) {
  return std::ranges::find(identifiers, column) != std::end(identifiers);
}

// The columns of one dataset that a map names.
std::set<std::string> columns_named(std::string_view member, data_kind kind, const json_value& list,
                                    const recommend::dataset_description& from) {
  std::set<std::string> known;
  if (kind == data_kind::interactions) {
    known = {"EVENT_TYPE", "EVENT_VALUE", "IMPRESSION"};
  }
  for (const auto& column : from.columns_of(kind)) {
    known.insert(column.name);
  }
  std::set<std::string> named;
  for (const json_value& one : list.elements()) {
    const std::string column = recommend::upper(one.text());
    if (!known.contains(column) && !is_identifier(column)) {
      refuse(member, fmt::format("{} have no column {}; they have {}", recommend::name_of(kind), one.text(),
                                 fmt::join(known, ", ")));
    }
    named.insert(column);
  }
  return named;
}

bool goes_by_values(const json_value& config) {
  const json_value* const events = member_of(config, "eventsConfig");
  const json_value* const list = events == nullptr ? nullptr : member_of(*events, "eventParametersList");
  return !text_of(config, "eventValueThreshold").value_or("").empty() ||
         (list != nullptr && std::ranges::any_of(list->elements(), [](const json_value& one) {
            return number_of(one, "eventValueThreshold").has_value();
          }));
}

// What is left out of interactions is what events are told apart by, or nothing that anything is learned of.
void check_interactions(std::string_view member, const std::set<std::string>& left_out, const json_value& config,
                        std::string_view event_type) {
  if (left_out.contains("EVENT_TYPE") && (!event_type.empty() || member_of(config, "eventsConfig") != nullptr)) {
    refuse(member, "EVENT_TYPE is left out, and eventType or eventsConfig goes by it");
  }
  if (left_out.contains("EVENT_VALUE") && goes_by_values(config)) {
    refuse(member, "EVENT_VALUE is left out, and eventValueThreshold goes by it");
  }
}

}  // namespace

learned_columns learned_columns_in(const json_value& config, std::string_view event_type,
                                   const recommend::dataset_description& from) {
  learned_columns learned;
  const json_value* const wanted = member_of(config, "trainingDataConfig");
  if (wanted == nullptr) {
    return learned;
  }
  std::set<data_kind> met;
  for (const std::string_view member : {excluded_member, included_member}) {
    const json_value* const map = member_of(*wanted, member);
    for (std::size_t i = 0; map != nullptr && i < map->names().size(); ++i) {
      const data_kind kind = kind_named(member, map->names()[i]);
      if (!met.insert(kind).second) {
        refuse(member, fmt::format("{} are named twice", map->names()[i]));
      }
      const std::set<std::string> named = columns_named(member, kind, map->elements()[i], from);
      const bool excludes = member == excluded_member;
      if (const auto one = std::ranges::find_if(named, is_identifier); excludes && one != named.end()) {
        refuse(member, fmt::format("{} cannot be left out", *one));
      }
      std::vector<std::string> columns;
      for (const auto& column : from.columns_of(kind)) {
        if (named.contains(column.name) != excludes) {
          columns.push_back(column.name);
        }
      }
      switch (kind) {
        case data_kind::items: learned.items = std::move(columns); break;
        case data_kind::users: learned.users = std::move(columns); break;
        case data_kind::interactions:
          if (excludes) {
            check_interactions(member, named, config, event_type);
          }
      }
    }
  }
  return learned;
}

}  // namespace eunomia::wire::personalize
