#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "store/sql/database.h"

// What clients of Recombee define beside items and people: one table, because all of it has a name, belongs to a
// database, and is listed. None of it is about anybody.
namespace eunomia::wire::recombee {

enum class definition_kind {
  item_property,
  user_property,
  retired_column,  // of a property that was deleted, so that nobody is shown its values under another
  deleted_item,    // that interactions still know
  recommender,     // the one that answers for the database
  scenario,
  segmentation,
  segment,  // parent: a segmentation
  synonym,
  series,
  series_item  // parent: a series
};

struct definition {
  definition_kind kind = definition_kind::item_property;
  std::string parent;  // empty: none
  std::string id;
  core::json_value body = core::json_value::of_object();
};

// Of one kind and database, beside deleted items.
inline constexpr std::size_t max_definitions = 10'000;

// Any thread.
class definitions {
 public:
  // Brings the schema up to date. The database must outlive it.
  explicit definitions(store::sql::database& in);

  // Throws errc::already_exists; errc::resource_exhausted above max_definitions.
  void add(std::string_view database, const definition& made) const;
  // Adds it, or takes the place of what is there.
  void put(std::string_view database, const definition& made) const;
  // False where there was none. With what belongs to it (parent).
  bool remove(std::string_view database, definition_kind kind, std::string_view parent, std::string_view id) const;
  void remove_all(std::string_view database, definition_kind kind) const;
  void remove_all(std::string_view database) const;

  std::optional<definition> find(std::string_view database, definition_kind kind, std::string_view parent,
                                 std::string_view id) const;
  // By id. Of every parent where none is given.
  std::vector<definition> list(std::string_view database, definition_kind kind,
                               const std::optional<std::string>& parent = std::nullopt) const;
  // The databases that have one of the kind.
  std::vector<std::string> databases_with(definition_kind kind) const;

 private:
  store::sql::database& sql_;
};

}  // namespace eunomia::wire::recombee
