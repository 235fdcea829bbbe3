#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"

// How a dataset lies in the table store and in SQL: shared by what imports into it and what reads it.
namespace eunomia::recommend {

// Of the identifiers in a column USER_ID.
inline constexpr std::string_view user_space = "user";

std::string table_name_of(std::int64_t dataset, data_kind kind);
// The columns that every table of a kind begins with; the declared metadata follow. ITEM_ID holds item handles.
std::vector<store::table::column> fixed_columns(data_kind kind);
store::table::column_type stored_type(metadata_type type);
// What is declared of people rests sealed.
store::table::column stored_column(data_kind kind, const metadata_column& declared);
// Adds a metadata column at a position, within the caller's transaction.
void declare_column(store::sql::transaction& in, store::table::table_store& tables, std::int64_t dataset,
                    data_kind kind, std::size_t position, const metadata_column& column);

// A value of a table as text; empty where there is none. Column: column_view or column_values.
template <class Column>
std::string text_of(const Column& values, std::size_t row) {
  switch (values.type()) {
    case store::table::column_type::int64: return fmt::format("{}", values.int64()[row]);
    case store::table::column_type::float64: return fmt::format("{}", values.float64()[row]);
    case store::table::column_type::text: return std::string(values.text(row));
  }
  return "";
}

// Gives the event types, numbered as they were met, the order of their names: the same events have the same numbers. An
// absent type is ""; without any type there is no column.
void settle_event_types(const std::map<std::string, std::uint16_t, std::less<>>& numbers, interactions& events);

}  // namespace eunomia::recommend
